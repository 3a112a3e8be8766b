"""com.atproto.server.refreshSession: new tokens for a refresh token, which is thereby used."""

from roost.api.com_atproto.server.session_output import SessionOutput, session_did_doc, session_output
from roost.api.method import Auth, Procedure
from roost.services.caller import Caller
from roost.services.identity import Identity
from roost.services.policy import Policy
from roost.services.sessions import Sessions


async def refresh_session(sessions: Sessions, identity: Identity, policy: Policy, caller: Caller) -> SessionOutput:
    """Rotate a session. Raises ExpiredToken."""
    account, pair = await sessions.refresh(caller)
    return session_output(account, pair, await session_did_doc(identity, policy, account.did))


METHOD = Procedure("com.atproto.server.refreshSession", refresh_session, auth=Auth.REFRESH)
