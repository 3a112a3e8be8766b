"""Telling the network."""

import pytest

from roost.crypto.keys import PrivateKey
from roost.data import car, cbor
from roost.repo import Create, draft, nothing
from roost.repo import commit as commits
from roost.repo.draft import CommitDraft
from roost.services import events, frames
from roost.storage import events as log
from roost.storage.db import Tx
from roost.syntax import Handle, Tid
from support.house import House, did_of

pytestmark = pytest.mark.anyio

DID = did_of("alice")
KEY = PrivateKey.from_bytes(bytes(31) + b"\x01")


def drafted(records: int, size: int) -> CommitDraft:
    """Return a commit of so many records of so many bytes."""
    ops = [Create(f"a.b.c/{n:04d}", cbor.encode({"n": n, "x": "x" * size})) for n in range(records)]
    return draft(nothing(), ops, lambda data: commits.sign(DID, data=data, rev=Tid.of(1, 0), key=KEY))


async def test_every_event_has_the_number_it_is_stored_under(house: House) -> None:
    """Sequence numbers go up by one, whatever the events are about, and stand inside the frames too."""

    def append(tx: Tx) -> None:
        events.append_identity(tx, 1, DID, Handle.parse("alice.test"), now=1000)
        events.append_account(tx, 1, DID, None, now=1000)
        events.append_written(tx, 1, drafted(1, 1), now=1000)
        events.append_sync(tx, 1, drafted(0, 0).commit, now=1000)

    await house.db.write(append)

    told = await house.events()
    assert [name for name, _ in told] == ["#identity", "#account", "#commit", "#sync"]
    assert [body["seq"] for _, body in told] == [1, 2, 3, 4]
    assert [seq for seq, _ in await house.db.read(lambda tx: log.after(tx, 0, 10))] == [1, 2, 3, 4]


async def test_events_of_an_undone_transaction_never_were(house: House) -> None:
    """What is told happens, and what does not happen is not told; its number is given to the next."""

    def fail(tx: Tx) -> None:
        events.append_account(tx, 1, DID, None, now=1000)
        raise RuntimeError("the power is gone")

    with pytest.raises(RuntimeError):
        await house.db.write(fail)
    await house.db.write(lambda tx: events.append_account(tx, 1, DID, "deleted", now=1000))

    assert [(body["seq"], body["status"]) for _, body in await house.events()] == [(1, "deleted")]


@pytest.mark.parametrize(("records", "size", "told"), [(200, 10, "#commit"), (201, 10, "#sync"), (3, 700_000, "#sync")])
async def test_what_is_too_much_for_a_commit_is_told_by_a_sync(
    house: House, records: int, size: int, told: str
) -> None:
    """More than 200 operations, or two million bytes, no consumer would take; it is sent to fetch the repository."""
    draft = drafted(records, size)

    await house.db.write(lambda tx: events.append_written(tx, 1, draft, now=1000))

    assert events.fits(draft) == (told == "#commit")
    ((name, body),) = await house.events()
    assert name == told
    assert body["rev"] == draft.commit.rev
    assert isinstance(body["blocks"], bytes)
    assert car.read(body["blocks"], max_blocks=1000, max_bytes=1 << 24).roots == (draft.commit.cid,)


def test_the_limit_is_that_of_the_encoded_car() -> None:
    """What counts is what goes over the wire, with the framing of every block, and not the blocks alone."""
    size = (frames.MAX_BLOCKS_BYTES - (len(drafted(2, 900_000).blocks) - 2 * 900_000)) // 2
    fitting, over = drafted(2, size), drafted(2, size + 1)

    assert frames.MAX_BLOCKS_BYTES - len(fitting.blocks) in (0, 1)
    assert (events.fits(fitting), events.fits(over)) == (True, False)
