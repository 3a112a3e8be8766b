"""com.atproto.server.deleteAccount: remove an account with everything in it, and for good."""

import msgspec

from roost.api import limits
from roost.api.method import Procedure
from roost.services.deletion import Deletion
from roost.syntax import Did


class Input(msgspec.Struct, frozen=True):
    """Which account, its own password, and the token that requestAccountDelete mailed."""

    did: Did
    password: str
    token: str


async def delete_account(deletion: Deletion, input: Input) -> None:
    """Delete an account. Raises Unauthenticated, InvalidToken, ExpiredToken, TooManyRequests."""
    await deletion.delete(input.did, input.password, input.token)


METHOD = Procedure("com.atproto.server.deleteAccount", delete_account, limits=limits.DELETE_ACCOUNT)
