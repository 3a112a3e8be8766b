"""com.atproto.server.listAppPasswords: which programs were given a password."""

import msgspec

from roost.api.method import Auth, Query
from roost.api.moment import moment
from roost.services.app_passwords import AppPasswords
from roost.services.caller import Caller
from roost.syntax import Datetime


class AppPasswordView(msgspec.Struct, frozen=True, rename="camel"):
    """A password by its name; its text is kept nowhere."""

    name: str
    created_at: Datetime
    privileged: bool


class Output(msgspec.Struct, frozen=True):
    """All of them, the newest first."""

    passwords: list[AppPasswordView]


async def list_app_passwords(app_passwords: AppPasswords, caller: Caller) -> Output:
    """List the caller's app passwords; an app password may do so, too."""
    found = await app_passwords.of(caller.account)
    return Output([AppPasswordView(each.name, moment(each.created_at), each.privileged) for each in found])


METHOD = Query("com.atproto.server.listAppPasswords", list_app_passwords, auth=Auth.ACCESS)
