"""Records in the order of their paths, on both engines."""

from functools import partial

import orjson
import pytest

from roost.storage import Database, Tx, records
from roost.storage.records import Shown
from support.tables import cid, rev

pytestmark = pytest.mark.anyio

PATHS = ["a.b.c-d/1", "a.b.c.e/1", "a.b.c/1", "a.b.c/2", "a.b.c/3", "a.b.c0/1", "a.b.cd/Z", "a.b.cd/a"]
"""In the order of bytes, which is not that of any language."""


def put(tx: Tx, repo: int, at: int, paths: list[str]) -> None:
    """Write records at a moment, each its own path."""
    records.put_many(tx, repo, rev(at), [(path, cid(path), path.encode(), b'"%s"' % path.encode()) for path in paths])


def shown(path: str) -> Shown:
    """Return a record as it is read."""
    return Shown(f'"cid":"{cid(path)}","value":"{path}"'.encode())


async def test_a_record_is_read_by_its_path(tables: Database) -> None:
    """The record at a path, and None where there is none."""
    await tables.write(lambda tx: put(tx, 1, 1, ["a.b.c/1"]))

    found = await tables.read(
        lambda tx: [records.get(tx, 1, "a.b.c/1"), records.get(tx, 1, "a.b.c/2"), records.get(tx, 2, "a.b.c/1")]
    )

    assert found == [shown("a.b.c/1"), None, None]


async def test_paths_are_ordered_by_their_bytes(tables: Database) -> None:
    """The order is the tree's, whatever language the database speaks."""
    await tables.write(lambda tx: put(tx, 1, 1, PATHS[::-1]))

    blocks = await tables.read(lambda tx: list(records.blocks(tx, 1)))

    assert blocks == [(cid(path), path.encode()) for path in PATHS]


async def test_ranges_leave_their_bounds_out(tables: Database) -> None:
    """Both directions give what is strictly between, up to the limit."""
    await tables.write(lambda tx: put(tx, 1, 1, PATHS))

    def ask(tx: Tx) -> list[list[str]]:
        pages = [
            records.ascending(tx, 1, "a.b.c/", "a.b.c0", 9, 1 << 20),
            records.descending(tx, 1, "a.b.c/", "a.b.c0", 2, 1 << 20),
            records.ascending(tx, 1, "a.b.c/1", "a.b.c/3", 9, 1 << 20),
            records.descending(tx, 1, "a.b.c/3", "a.b.c/1", 9, 1 << 20),
        ]
        return [[path for path, _ in page.records] for page in pages]

    assert await tables.read(ask) == [["a.b.c/1", "a.b.c/2", "a.b.c/3"], ["a.b.c/3", "a.b.c/2"], ["a.b.c/2"], []]


async def test_collections_are_found_whatever_stands_between_them(tables: Database) -> None:
    """Collections are told once, sorted, though paths sort otherwise."""
    await tables.write(lambda tx: put(tx, 1, 1, PATHS))
    await tables.write(lambda tx: put(tx, 2, 1, ["x.y.z/1"]))

    assert await tables.read(lambda tx: records.collections(tx, 1)) == [
        "a.b.c",
        "a.b.c-d",
        "a.b.c.e",
        "a.b.c0",
        "a.b.cd",
    ]


async def test_a_replaced_record_was_gained_since(tables: Database) -> None:
    """Writing over a record changes it and its rev; what was written before is left out."""
    await tables.write(lambda tx: put(tx, 1, 1, ["a.b.c/1", "a.b.c/2"]))
    await tables.write(lambda tx: records.put_many(tx, 1, rev(2), [("a.b.c/1", cid("new"), b"new", b"{}")]))

    assert await tables.read(lambda tx: list(records.since(tx, 1, rev(1)))) == [(cid("new"), b"new")]
    assert await tables.read(lambda tx: records.get(tx, 1, "a.b.c/1")) == Shown.of(cid("new"), b"{}")


async def test_records_are_deleted_by_path(tables: Database) -> None:
    """Deleting leaves the rest, and others' records."""
    for repo in (1, 2):
        await tables.write(partial(put, repo=repo, at=1, paths=PATHS))

    await tables.write(lambda tx: records.delete_many(tx, 1, PATHS[:3]))

    assert await tables.read(lambda tx: (records.count(tx, 1), records.count(tx, 2))) == (5, 8)


async def test_a_page_ends_with_the_record_that_fills_it(tables: Database) -> None:
    """Large records make a short page, but never an empty one."""
    await tables.write(lambda tx: put(tx, 1, 1, [f"a.b.c/{n}" for n in range(5)]))
    each = len(shown("a.b.c/0"))

    def ask(tx: Tx) -> list[tuple[list[str], bool]]:
        return [
            ([path for path, _ in page.records], page.full)
            for ask in (records.ascending, records.descending)
            for room in (1, each, each + 1, 2 * each, 1000)
            for page in [ask(tx, 1, "a.b.c/", "a.b.c0", 9, room)]
        ]

    paths = [f"a.b.c/{n}" for n in range(5)]
    expected = [(1, True), (1, True), (2, True), (2, True), (5, False)]
    assert await tables.read(ask) == [(way[:n], full) for way in (paths, paths[::-1]) for n, full in expected]


async def test_a_long_page_is_read_in_steps(tables: Database) -> None:
    """It ends where its limit says, and is full when it does, whatever is behind it."""
    paths = [f"a.b.c/{n:03d}" for n in range(120)]
    await tables.write(lambda tx: put(tx, 1, 1, paths))

    def ask(tx: Tx) -> list[tuple[int, bool]]:
        found = [records.ascending(tx, 1, "a.b.c/", "a.b.c0", limit, 1 << 20) for limit in (49, 50, 51, 100, 120, 121)]
        assert all([path for path, _ in page.records] == paths[: len(page.records)] for page in found)
        return [(len(page.records), page.full) for page in found]

    assert await tables.read(ask) == [(49, True), (50, True), (51, True), (100, True), (120, True), (120, False)]
    last = await tables.read(lambda tx: records.ascending(tx, 1, "a.b.c/", "a.b.c0", 121, 120 * len(shown(paths[0]))))
    assert (len(last.records), last.full) == (120, True)


def test_what_is_shown_of_a_record_falls_into_two() -> None:
    """Its CID's text and its JSON; together they are members of an object."""
    whole = Shown.of(cid("x"), b'{"a":"b"}')

    assert orjson.loads(b"{%b}" % whole) == {"cid": str(cid("x")), "value": {"a": "b"}}
    assert (whole.name, whole.json) == (str(cid("x")), b'{"a":"b"}')


async def test_what_is_hidden_is_not_read(tables: Database) -> None:
    """Neither alone nor on a page, which is full all the same; what is written there meanwhile is hidden too."""

    def work(tx: Tx) -> list[object]:
        for repo in (1, 2):
            put(tx, repo, 1, ["a.b.c/1", "a.b.c/2", "a.b.c/3"])
        records.set_takedown(tx, 1, "a.b.c/2", "why")
        records.set_takedown(tx, 1, "a.b.c/2", "why else")
        records.delete_many(tx, 1, ["a.b.c/2"])
        put(tx, 1, 2, ["a.b.c/2"])
        return [
            records.takedown(tx, 1, "a.b.c/2"),
            records.get(tx, 1, "a.b.c/2"),
            records.get(tx, 2, "a.b.c/2"),
            [path for path, _ in records.ascending(tx, 1, "a", "b", 2, 1000).records],
            [path for path, _ in records.descending(tx, 1, "a", "b", 2, 1000).records],
            len(records.descending(tx, 2, "a", "b", 5, 1000).records),
            records.count(tx, 1),
        ]

    assert await tables.write(work) == [
        "why else",
        None,
        shown("a.b.c/2"),
        ["a.b.c/1", "a.b.c/3"],
        ["a.b.c/3", "a.b.c/1"],
        3,
        3,
    ]


async def test_what_was_hidden_can_be_shown_again(tables: Database) -> None:
    """As if nothing had been."""

    def work(tx: Tx) -> list[object]:
        put(tx, 1, 1, ["a.b.c/1"])
        records.set_takedown(tx, 1, "a.b.c/1", "why")
        records.set_takedown(tx, 1, "a.b.c/1", None)
        return [records.takedown(tx, 1, "a.b.c/1"), records.get(tx, 1, "a.b.c/1")]

    assert await tables.write(work) == [None, shown("a.b.c/1")]


async def test_records_that_are_alike_are_one_block(tables: Database) -> None:
    """Of each repository for itself."""

    def fill(tx: Tx) -> None:
        alike = [(path, cid("same"), b"same", b'"same"') for path in ("a.b.c/1", "a.b.c/2")]
        records.put_many(tx, 1, rev(1), alike)
        put(tx, 1, 1, ["a.b.c/3"])

    await tables.write(fill)

    assert await tables.read(lambda tx: [records.distinct(tx, repo) for repo in (1, 2)]) == [2, 0]
