"""com.atproto.server.deleteSession: end the session of a refresh token, and of the access token that came with it."""

from roost.api.method import Auth, Procedure
from roost.services.caller import Caller
from roost.services.sessions import Sessions


async def delete_session(sessions: Sessions, caller: Caller) -> None:
    """Revoke the caller's session, and no other; a token that has expired ends it too."""
    await sessions.end(caller)


METHOD = Procedure("com.atproto.server.deleteSession", delete_session, auth=Auth.REFRESH_EXPIRED)
