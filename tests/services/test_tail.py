"""The newest events, in memory."""

from hypothesis import given
from hypothesis import strategies as st

from roost.services import tail as tails
from roost.services.tail import PACKET_BYTES, Tail


def event(seq: int, size: int = 10) -> tuple[int, bytes]:
    """Return an event that can be told from all others."""
    return seq, b"%d|" % seq + bytes(size)


def read(tail: Tail, cursor: int) -> bytes:
    """Return everything after a cursor, joined."""
    data = b""
    while packet := tail.after(cursor):
        data += packet.data
        assert packet.last > cursor
        cursor = packet.last
    return data


def test_what_follows_a_cursor_is_one_packet() -> None:
    """Events are joined, in order, from wherever one is; numbers may be missing."""
    tail = Tail(5)
    tail.extend([event(7), event(8), event(20)])

    assert tail.after(5) == tail.after(6) == (event(7)[1] + event(8)[1] + event(20)[1], 20)
    assert tail.after(7) == tail.after(7) == (event(8)[1] + event(20)[1], 20)
    assert tail.after(20) is None
    assert (tail.start, tail.end) == (5, 20)


def test_many_readers_at_one_place_share_one_packet() -> None:
    """A thousand who follow live cost one joining."""
    tail = Tail(0)
    tail.extend([event(1), event(2)])

    first, second = tail.after(0), tail.after(0)

    assert first is not None
    assert first is second


def test_a_packet_ends_when_it_is_large() -> None:
    """Who stops reading has no more than a packet waiting, but for a single large event."""
    tail = Tail(0)
    rows = [*[event(n, PACKET_BYTES // 4) for n in range(1, 11)], event(11, PACKET_BYTES * 3)]
    tail.extend(rows)

    packet = tail.after(0)

    assert packet is not None
    assert packet.last == 4
    assert (
        read(tail, 0) == b"".join(event(n, PACKET_BYTES // 4)[1] for n in range(1, 11)) + event(11, PACKET_BYTES * 3)[1]
    )


def test_the_oldest_are_forgotten() -> None:
    """It never keeps more than it may, and says from where on it has everything."""
    tail = Tail(0, max_bytes=1000)
    for n in range(1, 101):
        tail.extend([event(n, 90)])

    assert tail.end == 100
    assert 100 - 11 <= tail.start <= 100 - 7
    assert read(tail, tail.start) == b"".join(event(n, 90)[1] for n in range(tail.start + 1, 101))


def test_an_event_larger_than_all_of_it_is_handed_on_all_the_same() -> None:
    """Where nothing fits, nothing is kept, and whoever wants it reads the log."""
    tail = Tail(0, max_bytes=100)
    tail.extend([event(1, 500)])

    assert (tail.start, tail.end, tail.after(1)) == (1, 1, None)


@given(st.lists(st.lists(st.integers(1, 3), max_size=6), max_size=12), st.integers(50, 400), st.data())
def test_nothing_is_lost_or_doubled(gaps: list[list[int]], room: int, data: st.DataObject) -> None:
    """From any place that it covers, a reader gets every later event once, however they came and went."""
    tail, seq, all_ = Tail(0, max_bytes=room), 0, dict[int, bytes]()
    for batch in gaps:
        rows = []
        for gap in batch:
            seq += gap
            rows.append(event(seq))
        tail.extend(rows)
        all_ |= rows
        cursor = data.draw(st.integers(tail.start, max(seq, tail.start)))
        assert read(tail, cursor) == b"".join(data for seq, data in all_.items() if seq > cursor)


def test_the_limits_fit_each_other() -> None:
    """A packet is a small part of the tail, so that nobody who follows live falls out of it for a slow moment."""
    assert tails.PACKET_BYTES * 10 < tails.MAX_BYTES
