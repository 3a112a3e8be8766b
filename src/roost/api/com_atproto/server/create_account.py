"""com.atproto.server.createAccount: a new account with a DID, a repository and a first session."""

from collections.abc import Mapping

import msgspec

from roost.api import limits
from roost.api.method import Auth, Procedure, Record
from roost.services.caller import Service
from roost.services.errors import InvalidRequest
from roost.services.newcomers import Newcomers
from roost.services.registration import Application, Registration
from roost.services.sessions import Sessions
from roost.syntax import Did, Handle


class Input(msgspec.Struct, frozen=True, rename="camel"):
    """Who wants in. `did` is for an account that moves here, `plcOp` for a front that makes DIDs itself."""

    handle: Handle
    email: str | None = None
    password: str | None = None
    invite_code: str | None = None
    recovery_key: str | None = None
    did: Did | None = None
    plc_op: Record | None = None


class Output(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The account's names and the tokens of its first session."""

    handle: Handle
    did: Did
    access_jwt: str
    refresh_jwt: str
    did_doc: Mapping[str, object] | None = None


async def create_account(
    registration: Registration, newcomers: Newcomers, sessions: Sessions, caller: Service | None, input: Input
) -> Output:
    """Make an account. Raises what `Registration.register` and, for a DID that stands, `Newcomers.take_in` do."""
    if input.plc_op is not None:
        raise InvalidRequest('Unsupported input: "plcOp"')
    if input.email is None:
        raise InvalidRequest("Email is required")
    if input.password is None:
        raise InvalidRequest("Password is required")
    wanted = Application(input.handle, input.email, input.password, input.invite_code, input.recovery_key)
    if input.did is None:
        made = await registration.register(wanted)
    else:
        made = await newcomers.take_in(wanted, input.did, caller)
    pair = sessions.pair(made.account, made.session)
    document = None if made.document is None else made.document.raw
    return Output(made.account.handle, made.account.did, pair.access, pair.refresh, document)


METHOD = Procedure(
    "com.atproto.server.createAccount", create_account, auth=Auth.OPTIONAL_SERVICE, limits=limits.CREATE_ACCOUNT
)
