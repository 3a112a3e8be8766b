"""com.atproto.lexicon.resolveLexicon: a lexicon document as its authority publishes it."""

import msgspec

from roost.api.method import Query
from roost.data.cid import Cid
from roost.services.lexicons import Lexicons
from roost.syntax import AtUri, Nsid


class Params(msgspec.Struct, frozen=True):
    """Its name."""

    nsid: Nsid


class Output(msgspec.Struct, frozen=True):
    """Where it stands, and what it says."""

    uri: AtUri
    cid: Cid
    schema: object


async def resolve_lexicon(lexicons: Lexicons, params: Params) -> Output:
    """Find and prove a document. Raises LexiconNotFound, UpstreamFailure, TooManyRequests."""
    found = await lexicons.resolve(params.nsid)
    return Output(found.uri, found.cid, found.schema)


METHOD = Query("com.atproto.lexicon.resolveLexicon", resolve_lexicon)
