"""com.atproto.server.createInviteCode: a code that lets somebody in."""

import msgspec

from roost.api.method import Auth, Procedure
from roost.services.audit import Action
from roost.services.invites import Invites
from roost.syntax import Did


class Input(msgspec.Struct, frozen=True, rename="camel"):
    """How many accounts it admits, and in whose name it is given out."""

    use_count: int
    for_account: Did | None = None


class Output(msgspec.Struct, frozen=True):
    """The code."""

    code: str


async def create_invite_code(invites: Invites, action: Action, input: Input) -> Output:
    """Make a code. Raises InvalidRequest."""
    owner = "admin" if input.for_account is None else input.for_account
    return Output(await invites.create(uses=input.use_count, for_account=owner, action=action))


METHOD = Procedure("com.atproto.server.createInviteCode", create_invite_code, auth=Auth.ADMIN)
