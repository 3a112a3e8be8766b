"""com.atproto.identity.resolveHandle: the DID behind a handle."""

import msgspec

from roost.api.method import Query
from roost.services.identity import Identity
from roost.syntax import Did, Handle


class Params(msgspec.Struct, frozen=True):
    """Which handle."""

    handle: Handle


class Output(msgspec.Struct, frozen=True):
    """Whose it is."""

    did: Did


async def resolve_handle(identity: Identity, params: Params) -> Output:
    """Resolve a handle. Raises HandleNotFound, InvalidRequest."""
    return Output(await identity.resolve_handle(params.handle))


METHOD = Query("com.atproto.identity.resolveHandle", resolve_handle)
