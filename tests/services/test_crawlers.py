"""When relays are told, and what is known of them."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from roost.net.client import Client
from roost.net.crawlers import Crawler
from roost.services.crawlers import Crawlers
from roost.services.firehose import Firehose
from support.house import House
from support.sample_relay import Relay, relay
from support.sinks import firehose_of

pytestmark = pytest.mark.anyio

HOST = "pds.test"
DEAD = "http://127.0.0.1:9"


@pytest.fixture
def there() -> Iterator[Relay]:
    """A relay."""
    with relay() as made:
        yield made


@pytest.fixture
async def client(there: Relay) -> AsyncIterator[Client]:
    """What may ask it, and one that is not there."""
    client = Client(trusted=(there.url, DEAD))
    yield client
    await client.close()


def crawlers_of(house: House, client: Client, *urls: str) -> Crawlers:
    """Return the service, for those relays."""
    hose: Firehose = firehose_of(house)
    return Crawlers(house.db, [Crawler(client, url) for url in urls], hose, house.minter, hostname=HOST)


async def idle(crawlers: Crawlers) -> bool:
    """Return whether there is nothing to do until something is written."""
    task = asyncio.create_task(crawlers.tend())
    await asyncio.sleep(0.05)
    waiting = not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return waiting


async def test_a_relay_is_told_when_something_has_happened(house: House, client: Client, there: Relay) -> None:
    """Nothing is asked while nothing happens; after an event it is, once."""
    crawlers = crawlers_of(house, client, there.url)
    assert await idle(crawlers)
    assert there.asked == []

    alice = await house.account()
    await crawlers.tend()

    assert there.asked == [{"hostname": HOST}]
    assert await idle(crawlers)
    assert alice is not None


async def test_what_is_written_wakes_it(house: House, client: Client, there: Relay) -> None:
    """A first event is told at once, however long it was quiet."""
    crawlers = crawlers_of(house, client, there.url)
    task = asyncio.create_task(crawlers.tend())
    await asyncio.sleep(0.02)

    await house.account()
    await asyncio.wait_for(task, 5)
    await crawlers.tend()

    assert len(there.asked) == 1


async def test_it_is_told_once_in_twenty_minutes(house: House, client: Client, there: Relay) -> None:
    """What happens meanwhile is not forgotten: it is told when the time is over, also after a restart."""
    crawlers = crawlers_of(house, client, there.url)
    alice = await house.account()
    await crawlers.tend()
    for n in range(5):
        house.clock.turn(seconds=200)
        await house.put(alice, str(n))
        assert await crawlers.tend() <= 30
    assert len(there.asked) == 1

    again = crawlers_of(house, client, there.url)
    assert await again.tend() <= 30
    house.clock.turn(seconds=201)
    await again.tend()

    assert len(there.asked) == 2
    assert await idle(again)


async def test_a_relay_that_fails_is_asked_later_and_later(house: House, client: Client, there: Relay) -> None:
    """After one minute, two, four, to six hours; without any new event; and it is left alone when it has agreed."""
    crawlers = crawlers_of(house, client, there.url)
    there.crawl = (500, {"error": "InternalServerError"})
    await house.account()
    await crawlers.tend()
    waits = []
    for _ in range(12):
        asked, minutes = len(there.asked), 0
        while len(there.asked) == asked:
            house.clock.turn(seconds=60)
            minutes += 1
            await crawlers.tend()
        waits.append(minutes)

    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360]
    there.crawl = (200, {})
    house.clock.turn(seconds=6 * 3600)
    await crawlers.tend()
    assert await idle(crawlers)


async def test_one_that_fails_does_not_hold_up_another(house: House, client: Client, there: Relay) -> None:
    """Each relay has its own times."""
    crawlers = crawlers_of(house, client, DEAD, there.url)
    alice = await house.account()
    for _ in range(10):
        await crawlers.tend()
        house.clock.turn(seconds=700)
    asked = len(there.asked)
    await house.put(alice, "a")
    house.clock.turn(seconds=1200)

    await crawlers.tend()

    assert (asked, len(there.asked)) == (1, 2)


async def test_an_operator_learns_everything(house: House, client: Client, there: Relay) -> None:
    """What the relay has seen, how far behind it is, what came of asking it; and which one cannot be asked."""
    crawlers = crawlers_of(house, client, there.url, DEAD)
    alice = await house.account()
    await house.put(alice, "a")
    last = (await house.events())[-1][1]["seq"]
    unknown = await crawlers.status()
    there.status = (200, {"hostname": HOST, "seq": 1, "accountCount": 1, "status": "active"})

    told = await crawlers.ask_now()

    assert [relay.known for relay in unknown.relays] == [False, None]
    assert [relay.asked_at for relay in unknown.relays] == [None, None]
    assert (told.hostname, told.seq, told.subscribers) == (HOST, last, [])
    known, dead = told.relays
    assert (known.url, known.seq, known.behind, known.accounts, known.status) == (there.url, 1, 1, 1, "active")
    assert (known.asked_at, known.failures, known.error, known.problem) == (house.minter.milliseconds(), 0, None, None)
    assert (dead.known, dead.behind, dead.failures) == (None, None, 1)
    assert dead.error
    assert dead.problem


async def test_without_relays_there_is_nothing_to_do(house: House, client: Client) -> None:
    """A server may be told of nowhere."""
    crawlers = crawlers_of(house, client)
    await house.account()

    assert await idle(crawlers)
    assert (await crawlers.ask_now()).relays == []
