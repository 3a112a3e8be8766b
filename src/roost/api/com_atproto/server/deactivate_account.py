"""com.atproto.server.deactivateAccount: stop serving the caller's repository, until the account is activated again."""

import msgspec

from roost.api.method import FULL, Auth, Procedure
from roost.api.moment import milliseconds
from roost.services.activation import Activation
from roost.services.caller import Caller, Scope
from roost.syntax import Datetime


class Input(msgspec.Struct, frozen=True, rename="camel"):
    """Until when to keep the account; without it, for good."""

    delete_after: Datetime | None = None


async def deactivate_account(activation: Activation, caller: Caller, input: Input) -> None:
    """Deactivate the caller's account; also one that was taken down, whose owner moves away. Raises InvalidRequest."""
    until = None if input.delete_after is None else milliseconds(input.delete_after)
    await activation.deactivate(caller.account, delete_after=until)


METHOD = Procedure(
    "com.atproto.server.deactivateAccount", deactivate_account, auth=Auth.ACCESS, scopes=FULL | {Scope.TAKENDOWN}
)
