"""com.atproto.identity.resolveDid: the document of a DID."""

import msgspec

from roost.api.method import Query
from roost.services.identity import Identity
from roost.syntax import Did


class Params(msgspec.Struct, frozen=True):
    """Which DID."""

    did: Did


class Output(msgspec.Struct, frozen=True, rename="camel"):
    """Its document, as it was received."""

    did_doc: object


async def resolve_did(identity: Identity, params: Params) -> Output:
    """Resolve a DID. Raises DidNotFound, DidDeactivated, TooManyRequests, UpstreamFailure."""
    return Output((await identity.resolve_did(params.did)).raw)


METHOD = Query("com.atproto.identity.resolveDid", resolve_did)
