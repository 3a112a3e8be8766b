"""Feeds that somebody else makes: the app view is asked for one with a token that the generator will take, which has to
know who reads (spec section 1.7 getFeed).

It deliberately does not know how the call goes on from there.
"""

from typing import Final
from urllib.parse import parse_qsl, urlencode

from roost.net.client import Client
from roost.net.errors import BadAnswer
from roost.services.errors import InvalidRequest, UnknownFeed, UpstreamFailure
from roost.services.upstreams import Upstream
from roost.syntax import AtUri, Did, InvalidSyntax

GET_FEED: Final = "app.bsky.feed.getFeed"

GET_FEED_SKELETON: Final = "app.bsky.feed.getFeedSkeleton"
"""What the app view asks of the generator, and so the one method that the token is for."""

SECONDS: Final = 5.0
"""How long the app view may take to say whose feed it is; the feed itself comes after that."""


async def generator_of(client: Client, appview: Upstream, query: str) -> Did:
    """Return whose service makes the feed that a query of getFeed is for, as the app view has its record.

    Raises InvalidRequest for a query that names none, UnknownFeed, UpstreamFailure, NetError.
    """
    feed = _feed(query)
    wanted = urlencode({"repo": feed.authority, "collection": feed.collection or "", "rkey": feed.rkey or ""})
    url = f"{appview.origin}/xrpc/com.atproto.repo.getRecord?{wanted}"
    answer = await client.fetch("GET", url, timeout=SECONDS)
    if answer.status == 429 or answer.status >= 500:
        raise UpstreamFailure("Upstream service failed to say whose feed it is")
    try:
        record = answer.json() if answer.status == 200 else None
        value = record.get("value") if isinstance(record, dict) else None
        return Did.parse(value.get("did") if isinstance(value, dict) else None)
    except (BadAnswer, InvalidSyntax):
        raise UnknownFeed("could not resolve feed did") from None


def _feed(query: str) -> AtUri:
    named = [value for name, value in parse_qsl(query.removeprefix("?")) if name == "feed"]
    try:
        feed = AtUri.parse(named[0] if len(named) == 1 else None)
    except InvalidSyntax as error:
        raise InvalidRequest(f"Invalid {GET_FEED} params: feed: {error}") from None
    if feed.rkey is None:
        raise InvalidRequest(f"Invalid {GET_FEED} params: feed: it must name a record")
    return feed
