"""What is left of deleted accounts, on both engines."""

import pytest

from roost.data.cid import Cid
from roost.storage import Database, Tx, backlinks, blobs, doomed, events, heads, nodes, records, removals
from roost.storage.heads import Head
from support.tables import cid, rev

pytestmark = pytest.mark.anyio


def fill(tx: Tx) -> None:
    """Give two repositories ten rows of each kind."""
    for repo in (1, 2):
        nodes.put_many(tx, repo, rev(1), [(n, cid(f"{n}"), b"", (0,)) for n in range(1, 11)])
        records.put_many(tx, repo, rev(1), [(f"a.b.c/{n}", cid(f"{n}"), b"", b"") for n in range(10)])
        for n in range(10):
            heads.put(tx, repo, Head(cid(f"{n}"), rev(n), cid(f"{n}"), b"", 1, 11))
            events.append(tx, seq=events.next_seq(tx), account=repo, time=n, frame=b"")


def left(tx: Tx) -> list[tuple[int, int, int, int]]:
    """Count what there is of each repository."""
    return [
        (
            nodes.count(tx, repo),
            records.count(tx, repo),
            len([n for n in range(10) if heads.rev_of(tx, repo, cid(f"{n}"))]),
            len(tx.all("SELECT seq FROM event WHERE account = ?", repo)),
        )
        for repo in (1, 2)
    ]


async def test_rows_are_removed_a_few_at_a_time(tables: Database) -> None:
    """Each step takes some of each kind, the last finds nothing; other accounts and later events stay."""
    await tables.write(fill)
    await tables.write(lambda tx: removals.add(tx, 1, events_below=9))
    states = [await tables.read(left)]
    done = []
    for _ in range(4):
        done.append(await tables.write(lambda tx: removals.remove_some(tx, 1, 4)))
        states.append(await tables.read(left))

    assert done == [False, False, False, True]
    assert [state[0] for state in states] == [(10,) * 4, (6,) * 4, (2, 2, 2, 2), (0, 0, 0, 2), (0, 0, 0, 2)]
    assert {state[1] for state in states} == {(10,) * 4}


async def test_what_is_pending_is_known_until_it_is_done(tables: Database) -> None:
    """An interrupted removal is found again; asking for one that is done does nothing."""
    await tables.write(lambda tx: removals.add(tx, 7, events_below=1))
    before = await tables.read(removals.pending)

    done = [await tables.write(lambda tx: removals.remove_some(tx, 7, 4)) for _ in range(2)]

    assert (before, done, await tables.read(removals.pending)) == ([7], [True, True], [])


async def test_large_rows_are_removed_fewer_at_a_time(tables: Database) -> None:
    """A step ends with the record, and the event, that brings it to its bytes; so none takes long."""

    def fill(tx: Tx) -> None:
        half = bytes(removals.MAX_BYTES // 4)
        records.put_many(tx, 1, rev(1), [(f"a.b.c/{n}", cid(f"{n}"), half, half) for n in range(5)])
        for n in range(5):
            events.append(tx, seq=events.next_seq(tx), account=1, time=n, frame=half + half)
        removals.add(tx, 1, events_below=100)

    await tables.write(fill)
    states = []
    done = False
    while not done:
        done = await tables.write(lambda tx: removals.remove_some(tx, 1, 1000))
        states.append(
            await tables.read(lambda tx: (records.count(tx, 1), len(tx.all("SELECT seq FROM event WHERE account = 1"))))
        )

    assert states == [(3, 3), (1, 1), (0, 0), (0, 0)]


async def test_blobs_go_with_their_account(tables: Database) -> None:
    """Objects are due, references, subjects and hidden records are gone; another account's are left alone."""

    def fill(tx: Tx) -> None:
        for account in (1, 2):
            for n in range(10):
                cid = Cid.of_raw(b"%d" % n)
                blobs.add(tx, account, cid, mime_type="a/b", size=1, object=f"{account}-{n}", now=1)
                blobs.expect(tx, account, f"a.b.c/{n}", rev(1), [cid, Cid.of_raw(b"missing")])
                backlinks.put(tx, account, f"a.b.c/{n}", "a.b.c", "subject")
                records.set_takedown(tx, account, f"a.b.c/{n}", "why")
        removals.add(tx, 1, events_below=1)

    def left(tx: Tx) -> list[list[tuple[int, int]]]:
        tables = ("blob", "record_blob", "blob_usage", "backlink", "record_takedown")
        return [
            [
                (row[0], row[1])
                for row in tx.all(f"SELECT account, count(*) FROM {table} GROUP BY account ORDER BY account")
            ]
            for table in tables
        ]

    await tables.write(fill)
    both = await tables.read(left)
    while not await tables.write(lambda tx: removals.remove_some(tx, 1, 4)):
        pass

    assert both == [[(1, n), (2, n)] for n in (11, 20, 1, 10, 10)]
    assert await tables.read(left) == [[(2, n)] for n in (11, 20, 1, 10, 10)]
    assert sorted(await tables.read(lambda tx: doomed.due(tx, 1, 100))) == [f"1-{n}" for n in range(10)]
