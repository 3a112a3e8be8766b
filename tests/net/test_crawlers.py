"""Asking relays."""

from collections.abc import AsyncIterator, Iterator

import pytest

from roost.net.client import Client
from roost.net.crawlers import Crawler, HostStatus
from roost.net.errors import CrawlRefused, ForbiddenAddress, Unreachable, UnsafeUrl
from support.sample_relay import Relay, relay

pytestmark = pytest.mark.anyio


@pytest.fixture
def there() -> Iterator[Relay]:
    """A relay."""
    with relay() as made:
        yield made


@pytest.fixture
async def crawler(there: Relay) -> AsyncIterator[Crawler]:
    """Its client."""
    client = Client(trusted=(there.url,))
    yield Crawler(client, there.url)
    await client.close()


async def test_it_is_asked_by_our_name(there: Relay, crawler: Crawler) -> None:
    """The body holds the host's name."""
    await crawler.request_crawl("pds.example.com")

    assert there.asked == [{"hostname": "pds.example.com"}]


async def test_a_refusal_is_told_in_its_words(there: Relay, crawler: Crawler) -> None:
    """An operator has to learn that a relay does not want the host; what cannot be printed is left out."""
    there.crawl = (400, {"error": "HostBanned", "message": "go\x1b[31m away" + "y" * 1000})

    with pytest.raises(CrawlRefused, match=r"answered 400 HostBanned go\[31m awayy") as refused:
        await crawler.request_crawl("pds.example.com")

    assert len(str(refused.value)) <= 300


async def test_it_says_how_far_it_has_come(there: Relay, crawler: Crawler) -> None:
    """Its last event of the host, how many accounts it knows there, and whether it listens."""
    there.status = (200, {"hostname": "pds.example.com", "seq": 12, "accountCount": 3, "status": "active"})

    assert await crawler.host_status("pds.example.com") == HostStatus(12, 3, "active")
    assert there.looked_up == ["pds.example.com"]


@pytest.mark.parametrize("told", [{}, {"seq": "12", "accountCount": True, "status": 3}, {"seq": None}])
async def test_what_it_does_not_say_is_not_known(there: Relay, crawler: Crawler, told: dict[str, object]) -> None:
    """Each field is optional, and one that is something else is none."""
    there.status = (200, told)

    assert await crawler.host_status("pds.example.com") == HostStatus(None, None, None)


async def test_a_host_that_it_does_not_know(there: Relay, crawler: Crawler) -> None:
    """HostNotFound is an answer, not a failure; any other refusal is one."""
    assert await crawler.host_status("pds.example.com") is None
    there.status = (501, {"error": "MethodNotImplemented"})
    with pytest.raises(CrawlRefused, match="answered 501 MethodNotImplemented"):
        await crawler.host_status("pds.example.com")


async def test_nobody_there(there: Relay) -> None:
    """A relay that is not configured is a stranger: nothing that is not public is asked."""
    client = Client(trusted=("http://127.0.0.1:9",))
    with pytest.raises(Unreachable):
        await Crawler(client, "http://127.0.0.1:9").request_crawl("pds.example.com")
    with pytest.raises((ForbiddenAddress, UnsafeUrl)):
        await Crawler(client, there.url).request_crawl("pds.example.com")
    await client.close()
    assert there.asked == []
