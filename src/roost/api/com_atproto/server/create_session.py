"""com.atproto.server.createSession: sign in with a handle, DID or email and a password of the account's."""

import msgspec

from roost.api import limits
from roost.api.com_atproto.server.session_output import SessionOutput, session_did_doc, session_output
from roost.api.method import Procedure
from roost.services.identity import Identity
from roost.services.policy import Policy
from roost.services.sessions import Sessions


class Input(msgspec.Struct, frozen=True, rename="camel"):
    """Who signs in. `authFactorToken` is accepted and means nothing here: there is no second factor."""

    identifier: str
    password: str
    auth_factor_token: str | None = None
    allow_takendown: bool = False


async def create_session(sessions: Sessions, identity: Identity, policy: Policy, input: Input) -> SessionOutput:
    """Open a session. Raises Unauthenticated, AccountTakedown, TooManyRequests."""
    proved = await sessions.sign_in(input.identifier, input.password, allow_takendown=input.allow_takendown)
    pair = await sessions.begin(proved.account, proved.grant)
    return session_output(proved.account, pair, await session_did_doc(identity, policy, proved.account.did))


def who(arguments: limits.Arguments) -> str:
    """Return who wants in."""
    input = arguments["input"]
    assert isinstance(input, Input), "it has been decoded"
    return input.identifier


METHOD = Procedure("com.atproto.server.createSession", create_session, limits=limits.sign_in(who))
