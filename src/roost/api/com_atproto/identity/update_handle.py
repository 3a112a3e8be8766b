"""com.atproto.identity.updateHandle: another handle for the caller's account."""

import msgspec

from roost.api import limits
from roost.api.method import Auth, Procedure
from roost.services.caller import Caller
from roost.services.handles import Handles
from roost.syntax import Handle


class Input(msgspec.Struct, frozen=True):
    """The new handle."""

    handle: Handle


async def update_handle(handles: Handles, caller: Caller, input: Input) -> None:
    """Change the handle, in the DID document too. Raises what `Handles.update` does."""
    await handles.update(caller.account, input.handle)


METHOD = Procedure("com.atproto.identity.updateHandle", update_handle, auth=Auth.ACCESS, limits=limits.UPDATE_HANDLE)
