"""Whose service makes a feed; what is done with it is told over HTTP, in the tests of the proxy."""

import pytest
from starlette.responses import JSONResponse, PlainTextResponse, Response

from roost.services.errors import InvalidRequest, UnknownFeed, UpstreamFailure
from roost.services.feeds import generator_of
from roost.services.upstreams import Upstream
from roost.syntax import Did
from support.web import route, serving

pytestmark = pytest.mark.anyio

QUERY = "?limit=5&feed=at%3A%2F%2Fdid:web:a.test/app.bsky.feed.generator/cats"


async def asked(answer: Response, query: str = QUERY) -> tuple[Did, dict[str, str]]:
    """Ask an app view that answers so; return the generator, and what it was asked."""
    seen: list[dict[str, str]] = []

    def record(request: object) -> Response:
        seen.append(dict(request.query_params))  # type: ignore[attr-defined]  # a Request
        return answer

    async with serving(route("/xrpc/com.atproto.repo.getRecord", record)) as (client, served):
        appview = Upstream(Did("did:web:appview.test"), "bsky_appview", served.url, configured=True)
        return await generator_of(client, appview, query), seen[0]


async def test_the_record_says_who_makes_the_feed() -> None:
    """It is asked for by the parts of the feed's URI."""
    found, params = await asked(JSONResponse({"value": {"did": "did:web:feeds.test"}}))

    assert found == "did:web:feeds.test"
    assert params == {"repo": "did:web:a.test", "collection": "app.bsky.feed.generator", "rkey": "cats"}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (JSONResponse({"error": "RecordNotFound"}, 400), UnknownFeed),
        (JSONResponse({"value": {"did": "nonsense"}}), UnknownFeed),
        (JSONResponse({"value": {}}), UnknownFeed),
        (JSONResponse({"value": []}), UnknownFeed),
        (JSONResponse([]), UnknownFeed),
        (PlainTextResponse("<html>"), UnknownFeed),
        (JSONResponse({}, 503), UpstreamFailure),
        (JSONResponse({}, 429), UpstreamFailure),
    ],
)
async def test_a_feed_that_nobody_makes(answer: Response, error: type[Exception]) -> None:
    """Or one of which the app view cannot say who does at the moment."""
    with pytest.raises(error):
        await asked(answer)


@pytest.mark.parametrize("query", ["", "?feed=", "?feed=x", "?feed=at://a.test", f"{QUERY}&feed=at://a.test/a.b.c/d"])
async def test_a_query_that_names_no_feed(query: str) -> None:
    """Nobody is asked for it."""
    with pytest.raises(InvalidRequest, match="feed"):
        await asked(JSONResponse({}), query)
