"""com.atproto.server.createSession: sign in with a handle, DID or email and the account's password."""

import msgspec

from roost.api import limits
from roost.api.com_atproto.server.session_output import SessionOutput, session_output
from roost.api.method import Procedure
from roost.services.sessions import Sessions


class Input(msgspec.Struct, frozen=True, rename="camel"):
    """Who signs in. The last two are accepted and mean nothing here: there is no second factor and no takedown."""

    identifier: str
    password: str
    auth_factor_token: str | None = None
    allow_takendown: bool | None = None


async def create_session(sessions: Sessions, input: Input) -> SessionOutput:
    """Open a session. Raises Unauthenticated, AccountTakedown, TooManyRequests."""
    account = await sessions.sign_in(input.identifier, input.password)
    return session_output(account, await sessions.begin(account))


def who(arguments: limits.Arguments) -> str:
    """Return who wants in."""
    input = arguments["input"]
    assert isinstance(input, Input), "it has been decoded"
    return input.identifier


METHOD = Procedure("com.atproto.server.createSession", create_session, limits=limits.sign_in(who))
