"""com.atproto.server.revokeAppPassword: void a program's password, and end its sessions at once."""

import msgspec

from roost.api.method import Auth, Procedure
from roost.services.app_passwords import AppPasswords
from roost.services.caller import Caller


class Input(msgspec.Struct, frozen=True):
    """Which one."""

    name: str


async def revoke_app_password(app_passwords: AppPasswords, caller: Caller, input: Input) -> None:
    """Void a password, with every token that it has led to; one that there is not is void already."""
    await app_passwords.revoke(caller.account, input.name)


METHOD = Procedure("com.atproto.server.revokeAppPassword", revoke_app_password, auth=Auth.ACCESS)
