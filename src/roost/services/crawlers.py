"""The relays: told when there is something to fetch here, and asked how far they have come.

A relay that has lost its connection, or has never heard of us, learns from a requestCrawl that there is something. It
is asked after an event, at most once in 20 minutes; one that does not answer, or not well, is asked again later and
later. It deliberately does not know what the events are.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec
import structlog

from roost.net.crawlers import Crawler
from roost.net.errors import NetError
from roost.services.clock import Minter
from roost.services.firehose import COUNTED, Firehose, Standing
from roost.storage import crawls, events
from roost.storage.crawls import Crawl
from roost.storage.db import Database, Tx

log = structlog.get_logger(__name__)

AGAIN_MINUTES: Final = 20
"""How long a relay that has agreed is left alone: the reference server's time."""

FIRST_RETRY_MINUTES: Final = 1
MOST_RETRY_MINUTES: Final = 6 * 60
"""After a failure a relay is asked again in a minute, after each further one in twice the time, up to this."""

LOOK_SECONDS: Final = 1.0
"""How often at the most it is looked whether there are events, which any write might have made."""


REST_SECONDS: Final = 30.0
"""How often it is looked while one has to wait: another may have something to be told meanwhile."""


class RelayStatus(msgspec.Struct, frozen=True, rename="camel"):
    """One relay: what came of the last request, and what it says of us. Times are in milliseconds since 1970.

    `behind` is in events, COUNTED where it is that or more; None where the relay does not tell. `problem` says why it
    could not be asked now.
    """

    url: str
    asked_at: int | None
    next_at: int | None
    failures: int
    error: str | None
    known: bool | None
    status: str | None
    seq: int | None
    behind: int | None
    accounts: int | None
    problem: str | None


class Status(msgspec.Struct, frozen=True, rename="camel"):
    """How the network hears of us: our last event, every relay, and whoever subscribes to this process now."""

    hostname: str
    seq: int
    relays: list[RelayStatus]
    subscribers: list[Standing]


class Crawlers:
    """Keeps every relay told."""

    def __init__(
        self, db: Database, crawlers: Sequence[Crawler], firehose: Firehose, minter: Minter, *, hostname: str
    ) -> None:
        self._db = db
        self._crawlers = crawlers
        self._firehose = firehose
        self._minter = minter
        self._hostname = hostname
        self._news = asyncio.Event()
        db.watch(self._news.set)

    async def tend(self) -> float:
        """Ask those that are to be asked, wait until there may be others, and return for how long to rest before."""
        self._news.clear()
        now = self._minter.milliseconds()
        standing = await self._db.read(self._standing)
        waiting = [(crawler, crawl) for crawler, crawl in standing if crawl is not None]
        due = [crawler for crawler, crawl in waiting if crawl.next_at <= now]
        if due:
            await asyncio.gather(*[self._ask(crawler) for crawler in due])
        elif waiting:
            return min(REST_SECONDS, max(LOOK_SECONDS, (min(crawl.next_at for _, crawl in waiting) - now) / 1000))
        else:
            await self._news.wait()
        return LOOK_SECONDS

    async def ask_now(self) -> Status:
        """Ask every relay, whenever it was asked last."""
        await asyncio.gather(*[self._ask(crawler) for crawler in self._crawlers])
        return await self.status()

    async def status(self) -> Status:
        """Ask every relay what it knows, and tell all there is to tell."""
        last = await self._db.read(events.last_told)
        relays = await asyncio.gather(*[self._status(crawler) for crawler in self._crawlers])
        return Status(self._hostname, last, list(relays), await self._firehose.standings())

    def _standing(self, tx: Tx) -> list[tuple[Crawler, Crawl | None]]:
        """Return every relay with what came of asking it, None where it need not be asked."""
        last = events.last_told(tx)
        found = [(each, crawls.get(tx, each.url) or Crawl(0, 0, 0, None, 0)) for each in self._crawlers]
        return [(each, crawl if crawl.failures or crawl.seq < last else None) for each, crawl in found]

    async def _ask(self, crawler: Crawler) -> None:
        last = await self._db.read(events.last_told)
        error = None
        try:
            await crawler.request_crawl(self._hostname)
        except NetError as failure:
            error = str(failure) or type(failure).__name__
            log.warning("a relay was not told", relay=crawler.url, error=error)
        now = self._minter.milliseconds()

        def keep(tx: Tx) -> None:
            before = crawls.get(tx, crawler.url)
            if error is None:
                crawl = Crawl(now, now + AGAIN_MINUTES * 60_000, 0, None, last)
            else:
                failures = 1 + (0 if before is None else before.failures)
                crawl = Crawl(now, now + _retry(failures), failures, error, 0 if before is None else before.seq)
            crawls.put(tx, crawler.url, crawl)

        await self._db.write(keep)

    async def _status(self, crawler: Crawler) -> RelayStatus:
        crawl = await self._db.read(lambda tx: crawls.get(tx, crawler.url))
        known, problem = None, None
        try:
            known = await crawler.host_status(self._hostname)
        except NetError as failure:
            problem = str(failure) or type(failure).__name__
        seq = None if known is None else known.seq
        behind = None if seq is None else await self._db.read(lambda tx: events.count_after(tx, seq, COUNTED))
        return RelayStatus(
            url=crawler.url,
            asked_at=None if crawl is None else crawl.asked_at,
            next_at=None if crawl is None else crawl.next_at,
            failures=0 if crawl is None else crawl.failures,
            error=None if crawl is None else crawl.error,
            known=None if problem is not None else known is not None,
            status=None if known is None else known.status,
            seq=seq,
            behind=behind,
            accounts=None if known is None else known.accounts,
            problem=problem,
        )


def _retry(failures: int) -> int:
    """Return the milliseconds until a relay is asked again."""
    return min(FIRST_RETRY_MINUTES << min(failures - 1, 20), MOST_RETRY_MINUTES) * 60_000
