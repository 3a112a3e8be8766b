"""com.atproto.admin.updateAccountHandle: another handle, also a reserved one or one that is kept for somebody."""

import msgspec

from roost.api.method import Auth, Procedure
from roost.services.admin import Admin
from roost.services.audit import Action
from roost.services.handles import Handles
from roost.syntax import Did, Handle


class Input(msgspec.Struct, frozen=True):
    """Whose, and which."""

    did: Did
    handle: Handle


async def update_account_handle(admin: Admin, handles: Handles, action: Action, input: Input) -> None:
    """Change a handle, in the DID document too. Raises UnknownAccount, and what `Handles.update` does."""
    action.about(input.did, did=input.did)
    account = await admin.account(input.did)
    await action.begin(handle=input.handle, was=account.handle)
    await handles.update(account.id, input.handle, administrator=True)


METHOD = Procedure("com.atproto.admin.updateAccountHandle", update_account_handle, auth=Auth.ADMIN)
