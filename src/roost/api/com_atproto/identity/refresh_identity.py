"""com.atproto.identity.refreshIdentity: somebody's identity, resolved anew."""

import msgspec

from roost.api.com_atproto.identity.identity_info import IdentityInfo, identity_info
from roost.api.method import Auth, Procedure
from roost.services.caller import Caller
from roost.services.refresh import Refresh
from roost.syntax import AtIdentifier


class Input(msgspec.Struct, frozen=True):
    """A handle or a DID."""

    identifier: AtIdentifier


async def refresh_identity(refresh: Refresh, caller: Caller, input: Input) -> IdentityInfo:
    """Resolve an identity at its sources. Raises what resolveIdentity does."""
    return identity_info(await refresh.refresh(caller, input.identifier))


METHOD = Procedure("com.atproto.identity.refreshIdentity", refresh_identity, auth=Auth.ACCESS)
