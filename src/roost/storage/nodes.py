"""The nodes of every repository's tree, each in a row of its own that is rewritten in place.

A row's key is `repo << 32 | n`, where n is a number that the tree gave the node; `kids` holds the numbers of its kids
as 32-bit little-endian integers, 0 for a gap without one.
"""

import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from roost.data.cid import Cid
from roost.storage.db import Tx
from roost.syntax import Tid

_N_MASK: Final = (1 << 32) - 1
_PAGE: Final = 64
"""Rows asked for in one statement; a longer list of numbers takes several. One text per size keeps the statement cache
small.
"""


class NodeRow(msgspec.Struct, frozen=True):
    """A node as it is kept."""

    n: int
    cid: Cid
    block: bytes
    kids: tuple[int, ...]


def get_many(tx: Tx, repo: int, numbers: Sequence[int]) -> list[NodeRow]:
    """Return the rows of those numbers that there are, in no particular order."""
    base = repo << 32
    if len(numbers) == 1:
        rows = tx.all("SELECT k, cid, block, kids FROM node WHERE k = ?", base | numbers[0])
        return [_row(*row) for row in rows]
    found: list[NodeRow] = []
    for start in range(0, len(numbers), _PAGE):
        page = [base | n for n in numbers[start : start + _PAGE]]
        # Sizes are rounded up to a power of two by repeating a key, so that there are seven texts, not sixty-four.
        size = 1 << (len(page) - 1).bit_length()
        page += [page[0]] * (size - len(page))
        marks = ", ".join("?" * size)
        rows = tx.all(f"SELECT k, cid, block, kids FROM node WHERE k IN ({marks})", *page)  # noqa: S608 - only marks
        found += [_row(*row) for row in rows]
    return found


def every(tx: Tx, repo: int) -> list[NodeRow]:
    """Return all of the repository's nodes: for one that is known to have few."""
    rows = tx.all("SELECT k, cid, block, kids FROM node WHERE k BETWEEN ? AND ?", *_range(repo))
    return [_row(*row) for row in rows]


def find(tx: Tx, repo: int, cid: Cid) -> NodeRow | None:
    """Return the row that holds that block, by reading all of the repository's rows: for the rare reader without
    numbers.
    """
    row = tx.one("SELECT k, cid, block, kids FROM node WHERE k BETWEEN ? AND ? AND cid = ?", *_range(repo), cid)
    return None if row is None else _row(*row)


def locate(tx: Tx, repo: int, cids: Sequence[Cid]) -> dict[Cid, int]:
    """Return the numbers of those blocks among `cids` that are nodes, by reading all of the repository's rows once."""
    marks = ", ".join("?" * len(cids))
    sql = f"SELECT cid, k FROM node WHERE k BETWEEN ? AND ? AND cid IN ({marks})"  # noqa: S608 - only marks
    return {Cid(cid): k & _N_MASK for cid, k in tx.all(sql, *_range(repo), *cids)}


def put_many(tx: Tx, repo: int, rev: Tid, nodes: Iterable[tuple[int, Cid, bytes, tuple[int, ...]]]) -> None:
    """Write nodes given as (n, cid, block, kids), over whatever their numbers held before."""
    base = repo << 32
    tx.run_many(
        "INSERT INTO node (k, cid, rev, block, kids) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (k) DO UPDATE SET cid = excluded.cid, rev = excluded.rev,"
        " block = excluded.block, kids = excluded.kids",
        [(base | n, cid, rev, block, pack(kids)) for n, cid, block, kids in nodes],
    )


def delete_many(tx: Tx, repo: int, numbers: Iterable[int]) -> None:
    """Remove the rows of those numbers."""
    base = repo << 32
    tx.run_many("DELETE FROM node WHERE k = ?", [(base | n,) for n in numbers])


def since(tx: Tx, repo: int, rev: Tid) -> Iterator[tuple[Cid, bytes]]:
    """Yield the CIDs and blocks of the nodes written after `rev`."""
    rows = tx.iterate("SELECT cid, block FROM node WHERE k BETWEEN ? AND ? AND rev > ?", *_range(repo), rev)
    return ((Cid(cid), block) for cid, block in rows)


def names(tx: Tx, repo: int) -> Iterator[tuple[int, Cid]]:
    """Yield the number and the CID of every node."""
    rows = tx.iterate("SELECT k, cid FROM node WHERE k BETWEEN ? AND ?", *_range(repo))
    return ((k & _N_MASK, Cid(cid)) for k, cid in rows)


def count(tx: Tx, repo: int) -> int:
    """Return how many nodes the repository's tree has."""
    row = tx.one("SELECT count(*) FROM node WHERE k BETWEEN ? AND ?", *_range(repo))
    assert row is not None, "count always answers"
    return int(row[0])


def _range(repo: int) -> tuple[int, int]:
    return repo << 32, repo << 32 | _N_MASK


def _row(k: int, cid: bytes, block: bytes, kids: bytes) -> NodeRow:
    return NodeRow(k & _N_MASK, Cid(cid), block, _unpack(kids))


def pack(kids: tuple[int, ...]) -> bytes:
    """Return the numbers of a node's kids as they are stored."""
    packed = array("I", kids)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def _unpack(kids: bytes) -> tuple[int, ...]:
    packed = array("I", kids)
    if sys.byteorder == "big":
        packed.byteswap()
    return tuple(packed)
