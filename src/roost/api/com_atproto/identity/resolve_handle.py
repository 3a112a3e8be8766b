"""com.atproto.identity.resolveHandle: the DID behind a handle."""

import msgspec

from roost.api.errors import InvalidParams
from roost.api.method import Query
from roost.lexicon.errors import InvalidData
from roost.services.errors import InvalidHandle
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


def explain(error: Exception) -> Exception:
    """Name what is no handle as such (spec section 1.4)."""
    if not isinstance(error, InvalidParams):
        return error
    cause = error.__cause__
    return InvalidHandle(error.message) if isinstance(cause, InvalidData) and cause.rule == "format" else error


METHOD = Query("com.atproto.identity.resolveHandle", resolve_handle, explain=explain)
