"""com.atproto.server.getServiceAuth: a token to call a method of another service with, as the account."""

import msgspec

from roost.api.method import TAKENDOWN, Auth, Query
from roost.services.caller import Caller
from roost.services.delegation import Delegation
from roost.syntax import Nsid


class Params(msgspec.Struct, frozen=True, rename="camel"):
    """The service, the end of the token's life (seconds since 1970), and the one method that it is for."""

    aud: str
    exp: int | None = None
    lxm: Nsid | None = None


class Output(msgspec.Struct, frozen=True, rename="camel"):
    """The token."""

    token: str


async def get_service_auth(delegation: Delegation, caller: Caller, params: Params) -> Output:
    """Sign a token. Raises InvalidRequest, BadExpiration, InvalidToken, AccountNotFound."""
    return Output(await delegation.token(caller, params.aud, lxm=params.lxm, expires_at=params.exp))


METHOD = Query("com.atproto.server.getServiceAuth", get_service_auth, auth=Auth.ACCESS, scopes=TAKENDOWN)
