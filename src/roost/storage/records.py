"""The current record at every path, in the order of paths, which is the order of the repository's tree.

A row holds the record's DAG-CBOR, which is the truth that was signed, and what readers are sent of it: the text of its
CID and its JSON, as two members of an object, `"cid":"bafy…","value":{…}`.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final

import msgspec

from roost.data.cid import Cid
from roost.storage.db import Row, Tx
from roost.syntax import Tid

STEP: Final = 50
"""Records read at once: the usual page."""


_SHOWN: Final = (
    " AND NOT EXISTS (SELECT 1 FROM record_takedown WHERE record_takedown.account = record.repo"
    " AND record_takedown.path = record.path)"
)
"""The condition that leaves out what the administrator has hidden."""

_GET: Final = f"SELECT shown FROM record WHERE repo = ? AND path = ?{_SHOWN}"  # noqa: S608 - a constant

_NAME: Final = slice(len(b'"cid":"'), len(b'"cid":"') + 59)
_JSON: Final = slice(_NAME.stop + len(b'","value":'), None)


class Shown(bytes):
    """What readers are sent of a record: `"cid":"bafy…","value":{…}`. Every CID has 59 characters."""

    __slots__ = ()

    @classmethod
    def of(cls, cid: Cid, json: bytes) -> "Shown":
        """Put together what is sent of a record."""
        return cls(b'"cid":"%b","value":%b' % (str(cid).encode(), json))

    @property
    def name(self) -> str:
        """The text of the CID."""
        return self[_NAME].decode()

    @property
    def json(self) -> bytes:
        """The record."""
        return self[_JSON]


def get(tx: Tx, repo: int, path: str) -> Shown | None:
    """Return the record at `path` as readers may see it, or None."""
    row = tx.one(_GET, repo, path)
    return None if row is None else Shown(row[0])


class Page(msgspec.Struct, frozen=True):
    """Records by their paths, in the order asked for; `full` when there may be more behind them."""

    records: list[tuple[str, bytes]]
    full: bool


def block(tx: Tx, repo: int, path: str) -> tuple[Cid, bytes] | None:
    """Return the CID and the block of the record at `path`, or None."""
    row = tx.one("SELECT cid, block FROM record WHERE repo = ? AND path = ?", repo, path)
    return None if row is None else (Cid(row[0]), row[1])


def locate(tx: Tx, repo: int, cids: Sequence[Cid]) -> dict[Cid, str]:
    """Return a path of each block among `cids` that is a record, by reading all of the repository's rows once."""
    marks = ", ".join("?" * len(cids))
    sql = f"SELECT cid, path FROM record WHERE repo = ? AND cid IN ({marks})"  # noqa: S608 - only marks
    return {Cid(cid): path for cid, path in tx.all(sql, repo, *cids)}


def put_many(tx: Tx, repo: int, rev: Tid, records: Iterable[tuple[str, Cid, bytes, bytes]]) -> None:
    """Write records given as (path, cid, block, json), over whatever stood there."""
    tx.run_many(
        "INSERT INTO record (repo, path, cid, rev, block, shown) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (repo, path) DO UPDATE SET cid = excluded.cid, rev = excluded.rev,"
        " block = excluded.block, shown = excluded.shown",
        [(repo, path, cid, rev, block, Shown.of(cid, json)) for path, cid, block, json in records],
    )


def delete_many(tx: Tx, repo: int, paths: Iterable[str]) -> None:
    """Remove the records at those paths."""
    tx.run_many("DELETE FROM record WHERE repo = ? AND path = ?", [(repo, path) for path in paths])


def ascending(tx: Tx, repo: int, low: str, high: str, limit: int, max_bytes: int) -> Page:
    """Return the first `limit` records whose path is strictly between `low` and `high`; the page ends sooner with the
    one that brings it to `max_bytes`. What is hidden is left out.
    """
    shown = _shown(tx, repo)

    def step(after: str | None, count: int) -> list[Row]:
        return tx.all(
            f"SELECT path, shown FROM record WHERE repo = ? AND path > ? AND path < ?{shown}"  # noqa: S608 - a constant
            " ORDER BY path LIMIT ?",
            repo, after or low, high, count,
        )  # fmt: skip

    return _page(step, limit, max_bytes)


def descending(tx: Tx, repo: int, low: str, high: str, limit: int, max_bytes: int) -> Page:
    """Return the last `limit` records whose path is strictly between `low` and `high`, last first; ends as above."""
    shown = _shown(tx, repo)

    def step(after: str | None, count: int) -> list[Row]:
        return tx.all(
            f"SELECT path, shown FROM record WHERE repo = ? AND path > ? AND path < ?{shown}"  # noqa: S608 - a constant
            " ORDER BY path DESC LIMIT ?",
            repo, low, after or high, count,
        )  # fmt: skip

    return _page(step, limit, max_bytes)


def set_takedown(tx: Tx, repo: int, path: str, ref: str | None) -> None:
    """Hide the record at `path` from readers for the reason `ref`, or show it again where that is None.

    It stays in the repository. What is written at the path meanwhile is hidden too.
    """
    if ref is None:
        tx.run("DELETE FROM record_takedown WHERE account = ? AND path = ?", repo, path)
        return
    tx.run(
        "INSERT INTO record_takedown (account, path, ref) VALUES (?, ?, ?)"
        " ON CONFLICT (account, path) DO UPDATE SET ref = excluded.ref",
        repo, path, ref,
    )  # fmt: skip


def takedown(tx: Tx, repo: int, path: str) -> str | None:
    """Return why the record at `path` is hidden, or None if it is not."""
    row = tx.one("SELECT ref FROM record_takedown WHERE account = ? AND path = ?", repo, path)
    return None if row is None else str(row[0])


def _shown(tx: Tx, repo: int) -> str:
    """Return the condition of a page: none for most repositories, of which nothing is hidden."""
    return _SHOWN if tx.one("SELECT 1 FROM record_takedown WHERE account = ? LIMIT 1", repo) else ""


def _page(step: Callable[[str | None, int], list[Row]], limit: int, max_bytes: int) -> Page:
    """Collect a page in steps: reading row by row takes twice as long, and all at once could be 100 MB."""
    page: list[Row] = []
    after = None
    while limit > 0:
        rows = step(after, min(limit, STEP))
        ends = [*accumulate([len(shown) for _, shown in rows])]
        if ends and ends[-1] >= max_bytes:
            return Page(page + rows[: bisect_left(ends, max_bytes) + 1], full=True)
        page += rows
        if len(rows) < min(limit, STEP):
            return Page(page, full=False)
        limit -= STEP
        max_bytes -= ends[-1]
        after = rows[-1][0]
    return Page(page, full=True)


def blocks(tx: Tx, repo: int) -> Iterator[tuple[Cid, bytes]]:
    """Yield the CID and block of every record, in the order of paths."""
    rows = tx.iterate("SELECT cid, block FROM record WHERE repo = ? ORDER BY path", repo)
    return ((Cid(cid), block) for cid, block in rows)


def names(tx: Tx, repo: int) -> Iterator[tuple[str, Cid]]:
    """Yield the path and the CID of every record, in the order of paths."""
    rows = tx.iterate("SELECT path, cid FROM record WHERE repo = ? ORDER BY path", repo)
    return ((path, Cid(cid)) for path, cid in rows)


def since(tx: Tx, repo: int, rev: Tid) -> Iterator[tuple[Cid, bytes]]:
    """Yield the CIDs and blocks of the records written after `rev`."""
    rows = tx.iterate("SELECT cid, block FROM record WHERE repo = ? AND rev > ?", repo, rev)
    return ((Cid(cid), block) for cid, block in rows)


def collections(tx: Tx, repo: int) -> list[str]:
    """Return the collections that hold a record, sorted, by skipping from each to the next.

    Paths sort otherwise than collections do: `a.b.c-d/x` comes before `a.b.c/x`.
    """
    found: list[str] = []
    after = ""
    while row := tx.one("SELECT path FROM record WHERE repo = ? AND path > ? ORDER BY path LIMIT 1", repo, after):
        collection = row[0].partition("/")[0]
        found.append(collection)
        # "0" is the character after "/": it stands behind every path of this collection and before the next.
        after = f"{collection}0"
    return sorted(found)


def count(tx: Tx, repo: int) -> int:
    """Return how many records the repository has."""
    row = tx.one("SELECT count(*) FROM record WHERE repo = ?", repo)
    assert row is not None, "count always answers"
    return int(row[0])


def distinct(tx: Tx, repo: int) -> int:
    """Return how many blocks the repository's records are: the same record at two paths is one."""
    row = tx.one("SELECT count(DISTINCT cid) FROM record WHERE repo = ?", repo)
    assert row is not None, "count always answers"
    return int(row[0])
