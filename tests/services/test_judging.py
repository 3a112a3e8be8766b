"""Whole repositories, judged and turned into what they change."""

import pytest

from roost.data import cbor
from roost.data.cid import Cid
from roost.data.value import Value
from roost.services import judging
from roost.services.errors import InvalidRequest
from roost.services.judging import Batch, Judgement, Standing, record_of
from support import slow_mst
from support.repos import MemoryRepo, filled, record

NOTHING = ("com.example.record/0000", cbor.encode({}))


def judged(repo: MemoryRepo, before: Standing | None = None) -> tuple[Judgement, list[Batch]]:
    """Return what a repository changes in an empty one, or in another."""
    assert repo.head is not None
    found = Judgement(repo.head.data, repo.blocks().get, before or Standing({}, {}, 1))
    return found, list(found.batches())


def test_an_empty_place_gets_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every node and every record once, in batches of a bounded size, the nodes under numbers of their own."""
    monkeypatch.setattr(judging, "BATCH_ROWS", 50)
    repo = filled(300)

    found, batches = judged(repo)

    nodes = {n: (cid, block, kids) for batch in batches for n, cid, block, kids in batch.nodes}
    assert sorted(block or b"" for _, block, _ in nodes.values()) == sorted(row.block for row in repo.rows.values())
    assert repo.head is not None
    assert nodes[found.root][0] == repo.head.data
    assert found.next_n == len(nodes) + 1
    assert {each.path: each.cid for batch in batches for each in batch.records} == {
        path: cid for path, (cid, _) in repo.records.items()
    }
    assert found.records == 300
    assert all(len(batch.nodes) + len(batch.records) <= 50 for batch in batches)


def test_only_what_differs_is_changed() -> None:
    """A node or a record that stands there already keeps its place; what the new one does not have goes."""
    old, new = filled(300), filled(301)
    gone = "com.example.record/9999"
    before = Standing(
        {row.cid: n for n, row in old.rows.items()} | {Cid.of_cbor(b"gone"): 500},
        {path: cid for path, (cid, _) in old.records.items()} | {gone: Cid.of_cbor(b"gone")},
        501,
    )

    found, batches = judged(new, before)

    changes = [change for batch in batches for change in batch.records]
    assert [(each.path, each.cid is None, each.stood) for each in changes] == [
        ("com.example.record/0300", False, False),
        (gone, True, True),
    ]
    numbers = {n: cid for batch in batches for n, cid, _, _ in batch.nodes}
    assert numbers[500] is None
    assert 1 < len(numbers) < 30
    assert all(n > 500 for n, cid in numbers.items() if cid is not None)
    assert found.next_n > 501


def test_an_empty_repository_is_one_too() -> None:
    """It has a root and no record."""
    found, (batch,) = judged(MemoryRepo())

    assert [n for n, *_ in batch.nodes] == [found.root]
    assert batch.records == []


@pytest.mark.parametrize(
    ("path", "block", "text"),
    [
        ("com.example.record", record(1), "path is not valid"),
        ("com.example.record/a/b", record(1), "path is not valid"),
        ("com.example.record/é", record(1), "path is not valid"),
        ("not a collection/a", record(1), "path is not valid"),
        ("com.example.record/a", b"\xff", "the record is not valid"),
        ("com.example.record/a", cbor.encode([]), "a record must be an object"),
        ("com.example.record/a", cbor.encode({"n": 2**60}), "the record is not valid"),
        ("com.example.record/a", cbor.encode({"t": "x" * 1_000_000}), "at most 1000000 bytes"),
    ],
)
def test_a_record_that_cannot_be_kept(path: str, block: bytes, text: str) -> None:
    """Its path, or what it is."""
    root, blocks = slow_mst.build({path.encode(): Cid.of_cbor(block)})
    found = Judgement(root, (blocks | {Cid.of_cbor(block): block}).get, Standing({}, {}, 1))

    with pytest.raises(InvalidRequest, match=text):
        list(found.batches())


def test_a_record_or_a_node_that_is_missing() -> None:
    """Nothing may be left to be guessed."""
    repo = filled(50)
    assert repo.head is not None
    for gone in repo.blocks():
        if gone == repo.head.cid:
            continue
        blocks = {cid: block for cid, block in repo.blocks().items() if cid != gone}

        with pytest.raises(InvalidRequest, match=r"missing|does not hold"):
            list(Judgement(repo.head.data, blocks.get, Standing({}, {}, 1)).batches())


def test_deep_nesting_is_refused() -> None:
    """Ten thousand lists inside each other are not a record, and not a crash."""
    with pytest.raises(InvalidRequest, match="not valid"):
        record_of("a.b.c/d", b"\xa1\x61a" + b"\x81" * 10_000 + b"\x80")
    deep: Value = []
    for _ in range(80):
        deep = [deep]
    with pytest.raises(InvalidRequest, match="nested"):
        record_of("a.b.c/d", cbor.encode({"a": deep}))
