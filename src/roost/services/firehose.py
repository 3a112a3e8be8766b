"""The log of events to whoever follows it: each from where it was, at its own pace.

    a Follower ──── behind ────▶ reads pages of the log, or of the tail, as fast as it takes them
                ◀── blocked ───
                ── caught up ──▶ is live: handed each event by the pump, the moment it is durable

The pump reads every new event once, into the tail, and hands it to all who are live. One that does not take it is not
waited for: it is behind from then on. Nothing is queued for anybody, so nothing is lost or doubled between the two: a
follower is a cursor. It deliberately does not know WebSockets; how a frame is put on the wire is `wrap`'s business.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import msgspec
import structlog

from roost.services import frames
from roost.services.clock import Minter
from roost.services.errors import ConsumerTooSlow, FutureCursor, TooManyRequests
from roost.services.tail import PACKET_BYTES, Packet, Tail
from roost.storage import events
from roost.storage.db import Database, Tx

log = structlog.get_logger(__name__)

BLOCKED_SECONDS: Final = 30.0
"""For how long a follower may leave its buffer full: it has then taken less than ten kilobytes in a second."""

POLL_SECONDS: Final = 1.0
"""How often the log is looked at unasked: other processes on the same database write to it too."""

PAGE_EVENTS: Final = 500
"""Events read at once, unless they come to so many bytes before: some 3 ms, during which nobody else is answered."""

PAGE_BYTES: Final = 64 * 1024
"""The same in bytes for one follower that reads the log. Nobody shares them, and whoever stops reading keeps a page."""

MAX_FOLLOWERS: Final = 5_000
"""Those who follow at a time: each holds a socket and some 20 KB, and a few hundred more while it takes nothing."""

COUNTED: Final = 100_000
"""Up to how many events are counted to tell how far somebody is behind."""

OUTDATED: Final = "Requested cursor exceeded limit. Possibly missing events"


class Sink(Protocol):
    """One follower's end of the wire. What runs for it is cancelled when it is gone."""

    @property
    def peer(self) -> str:
        """Who it is, for people to read."""
        ...

    @property
    def blocked(self) -> bool:
        """Whether it has more waiting for it than it should."""
        ...

    def put(self, data: bytes) -> None:
        """Send bytes as they are, after those put before."""
        ...

    async def room(self) -> None:
        """Return when it is no longer blocked."""
        ...


class Follower:
    """Somebody who follows the log: has been sent everything up to `cursor`, and nothing after it.

    It is `outdated` from when it is told so until it is sent an event behind which all are kept.
    """

    __slots__ = ("cursor", "live", "outdated", "since", "sink")

    def __init__(self, sink: Sink, cursor: int, since: int, *, outdated: bool) -> None:
        self.sink = sink
        self.cursor = cursor
        self.since = since
        self.outdated = outdated
        self.live: asyncio.Future[None] | None = None  # done when it is no longer


class Standing(msgspec.Struct, frozen=True, rename="camel"):
    """How a follower is doing: `behind` is in events, COUNTED where it is that or more; `since` in ms since 1970."""

    peer: str
    since: int
    cursor: int
    behind: int
    live: bool


class Firehose:
    """Serves all followers. `wrap` makes of a frame the bytes that carry it, once for all of them."""

    def __init__(self, db: Database, minter: Minter, *, wrap: Callable[[bytes], bytes]) -> None:
        self._db = db
        self._minter = minter
        self._wrap = wrap
        self._followers: set[Follower] = set()
        self._live: set[Follower] = set()
        self._tail = Tail(0)
        self._turn = asyncio.Lock()
        self._news = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None
        db.watch(self._news.set)

    async def follow(self, sink: Sink, *, after: int | None) -> None:
        """Send every event after the number `after`, or from now on where it is None, until the task is cancelled.

        A cursor from before what is kept whole is answered with an #info OutdatedCursor, and with all that is kept:
        first the last events of accounts that have had none since. Raises FutureCursor; ConsumerTooSlow;
        TooManyRequests (event stream specification, "Sequence Numbers").
        """
        if len(self._followers) >= MAX_FOLLOWERS:
            raise TooManyRequests("Too many subscribers; try again later")
        follower = await self._db.read(lambda tx: self._begin(tx, sink, after))
        if follower.outdated:
            sink.put(self._wrap(frames.info("OutdatedCursor", OUTDATED)))
        self._followers.add(follower)
        try:
            while True:
                await self._catch_up(follower)
                await self._stay_live(follower)
        finally:
            self._followers.discard(follower)
            self._live.discard(follower)

    async def standings(self) -> list[Standing]:
        """Tell how everybody is doing."""
        cursors = {follower.cursor for follower in self._followers}

        def count(tx: Tx) -> dict[int, int]:
            return {cursor: events.count_after(tx, cursor, COUNTED) for cursor in cursors}

        standing = [(each.sink.peer, each.since, each.cursor, each.live is not None) for each in self._followers]
        behind = await self._db.read(count)
        return sorted(
            [Standing(peer, since, cursor, behind[cursor], live) for peer, since, cursor, live in standing],
            key=lambda each: each.since,
        )

    async def close(self) -> None:
        """Stop reading the log."""
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)

    def _begin(self, tx: Tx, sink: Sink, after: int | None) -> Follower:
        last, pruned = events.last(tx), events.pruned(tx)
        if after is not None and after > last:
            raise FutureCursor("Cursor in the future.")
        # A negative cursor asks for everything, as 0 does.
        cursor = last if after is None else max(after, 0)
        now = self._minter.milliseconds()
        return Follower(sink, cursor, now, outdated=cursor < pruned)

    async def _catch_up(self, follower: Follower) -> None:
        """Send what lies between the follower and the end of the log, as fast as it takes it."""
        while True:
            if follower.sink.blocked:
                await _room(follower.sink)
            async with self._turn:
                packet = await self._next(follower)
                if packet is None:
                    return
                follower.sink.put(packet.data)
                follower.cursor = packet.last
                # Within the turn: so there is one page in each round of the loop, and requests come between any two,
                # however many followers are behind.
                await asyncio.sleep(0)

    async def _next(self, follower: Follower) -> Packet | None:
        cursor, outdated = follower.cursor, follower.outdated
        if self._live and self._tail.start <= cursor <= self._tail.end:
            follower.outdated = False
            return self._tail.after(cursor)
        rows, follower.outdated = await self._db.read(lambda tx: _page(tx, cursor, outdated=outdated))
        return Packet(b"".join([self._wrap(frame) for _, frame in rows]), rows[-1][0]) if rows else None

    async def _stay_live(self, follower: Follower) -> None:
        """Have the pump send to a follower that has caught up; return when it is behind again."""
        if not self._live:
            # Nobody was, so the pump has not read on: it goes on from here.
            self._tail = Tail(follower.cursor)
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._pump_on())
        follower.live = asyncio.get_running_loop().create_future()
        self._live.add(follower)
        # Something may have been written since the log was read for this follower.
        self._news.set()
        try:
            await follower.live
        finally:
            follower.live = None

    async def _pump_on(self) -> None:
        """Hand out every new event, for ever."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS if self._live else None):
                    await self._news.wait()
            self._news.clear()
            try:
                while self._live and await self._read_on():
                    pass
            except Exception:
                log.exception("the log of events cannot be read")
                await asyncio.sleep(POLL_SECONDS)

    async def _read_on(self) -> bool:
        """Take the next events into the tail and hand them out; return whether there were any."""
        tail = self._tail
        rows = await self._db.read(lambda tx: events.page(tx, tail.end, PAGE_EVENTS, PACKET_BYTES))
        if rows and tail is self._tail:  # it is another where all had gone meanwhile, and somebody else has come
            tail.extend([(seq, self._wrap(frame)) for seq, frame in rows])
            for follower in tuple(self._live):
                self._hand(follower)
        return bool(rows)

    def _hand(self, follower: Follower) -> None:
        """Send a live follower what it does not have yet, or let it fall behind."""
        while follower.cursor < self._tail.end:
            if follower.sink.blocked or follower.cursor < self._tail.start:
                self._live.discard(follower)
                assert follower.live is not None, "a live follower waits"
                if not follower.live.done():
                    follower.live.set_result(None)
                return
            packet = self._tail.after(follower.cursor)
            assert packet is not None, "the tail goes further than the follower"
            follower.sink.put(packet.data)
            follower.cursor = packet.last
            follower.outdated = False


def _page(tx: Tx, cursor: int, *, outdated: bool) -> tuple[Sequence[tuple[int, bytes]], bool]:
    """Return the next events, and whether who is sent them is still outdated: events may be missing behind the last."""
    pruned = events.pruned(tx)
    if cursor < pruned and not outdated:
        raise ConsumerTooSlow("Stream consumer too slow: what it has not read yet is no longer kept")
    rows = events.page(tx, cursor, PAGE_EVENTS, PAGE_BYTES)
    return rows, outdated and (not rows or rows[-1][0] < pruned)


async def _room(sink: Sink) -> None:
    try:
        async with asyncio.timeout(BLOCKED_SECONDS):
            await sink.room()
    except TimeoutError:
        raise ConsumerTooSlow("Stream consumer too slow") from None
