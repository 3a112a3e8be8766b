"""com.atproto.identity.resolveIdentity: the DID, the document and the verified handle of somebody."""

import msgspec

from roost.api.com_atproto.identity.identity_info import IdentityInfo, identity_info
from roost.api.method import Query
from roost.services.identity import Identity
from roost.syntax import AtIdentifier


class Params(msgspec.Struct, frozen=True):
    """A handle or a DID."""

    identifier: AtIdentifier


async def resolve_identity(identity: Identity, params: Params) -> IdentityInfo:
    """Resolve an identity. Raises HandleNotFound, DidNotFound, DidDeactivated, TooManyRequests, UpstreamFailure."""
    return identity_info(await identity.resolve(params.identifier))


METHOD = Query("com.atproto.identity.resolveIdentity", resolve_identity)
