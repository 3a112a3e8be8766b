"""com.atproto.server.createAppPassword: a password for a program, which is told this once."""

import msgspec

from roost.api.method import FULL, Auth, Procedure
from roost.api.moment import moment
from roost.services.app_passwords import AppPasswords
from roost.services.caller import Caller
from roost.syntax import Datetime


class Input(msgspec.Struct, frozen=True):
    """What to call it, and whether it may do what is private, such as read messages."""

    name: str
    privileged: bool = False


class Output(msgspec.Struct, frozen=True, rename="camel"):
    """The password."""

    name: str
    password: str
    created_at: Datetime
    privileged: bool


async def create_app_password(app_passwords: AppPasswords, caller: Caller, input: Input) -> Output:
    """Make a password. Raises InvalidRequest, AppPasswordExists."""
    made = await app_passwords.create(caller.account, input.name, privileged=input.privileged)
    password = made.password
    return Output(password.name, made.text, moment(password.created_at), password.privileged)


METHOD = Procedure("com.atproto.server.createAppPassword", create_app_password, auth=Auth.ACCESS, scopes=FULL)
