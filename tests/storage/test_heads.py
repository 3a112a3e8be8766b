"""Heads and past commits, on both engines."""

from functools import partial

import pytest

from roost.storage import Database, heads
from roost.storage.heads import Head
from support.tables import cid, rev

pytestmark = pytest.mark.anyio


def head(n: int) -> Head:
    """Return the n-th head of a repository."""
    return Head(cid(f"commit {n}"), rev(n), cid(f"data {n}"), b"block %d" % n, n, n + 1)


async def test_a_head_is_what_was_put_last(tables: Database) -> None:
    """Each repository has one head, replaced by the next."""
    await tables.write(lambda tx: heads.put(tx, 1, head(1)))
    await tables.write(lambda tx: heads.put(tx, 1, head(2)))
    await tables.write(lambda tx: heads.put(tx, 2, head(9)))

    assert await tables.read(lambda tx: [heads.get(tx, repo) for repo in (1, 2, 3)]) == [head(2), head(9), None]


async def test_past_commits_are_known_by_their_cid(tables: Database) -> None:
    """A commit that was a head of this repository has a rev; one of another repository has none here."""
    for n in (1, 2, 3):
        await tables.write(partial(heads.put, repo=1, head=head(n)))
    await tables.write(lambda tx: heads.put(tx, 2, head(9)))

    revs = await tables.read(lambda tx: [heads.rev_of(tx, 1, cid(f"commit {n}")) for n in (1, 3, 9)])

    assert revs == [rev(1), rev(3), None]


async def test_deleting_forgets_the_head_of_one_repository(tables: Database) -> None:
    """The head goes; those of others stay."""
    await tables.write(lambda tx: heads.put(tx, 1, head(1)))
    await tables.write(lambda tx: heads.put(tx, 2, head(2)))

    await tables.write(lambda tx: heads.delete(tx, 1))

    assert await tables.read(lambda tx: (heads.get(tx, 1), heads.get(tx, 2))) == (None, head(2))
