"""Judging a repository: a sound one has no problem, and each kind of damage is found by its name."""

import re
from collections.abc import Callable

import pytest

from roost.crypto.keys import PrivateKey
from roost.data import cbor
from roost.data.cid import Cid
from roost.repo import Create, Report, inspect, mst
from roost.repo import commit as commits
from roost.repo.mst import EMPTY, Link, Node, make
from roost.syntax import Tid
from support.repos import DID, KEY, MemoryRepo, filled, history, record

REV = Tid.parse("3ke6kg3wk2222")
LEAF = record(1)
VALUE = Cid.of_cbor(LEAF)
Blocks = dict[Cid, bytes]


def judged(repo: MemoryRepo, blocks: Blocks) -> Report:
    """Return the report on these blocks as the repository's."""
    assert repo.head is not None
    return inspect(repo.head.cid, blocks, repo.key.public)


def planted(*nodes: Node) -> Report:
    """Return the report on a repository whose tree is these nodes, the root last."""
    blocks: Blocks = {VALUE: LEAF}
    root = VALUE
    for node in nodes:
        block = mst.encode(node)
        root = Cid.of_cbor(block)
        blocks[root] = block
    made = commits.sign(DID, data=root, rev=REV, key=KEY)
    blocks[made.cid] = made.block
    return inspect(made.cid, blocks, KEY.public)


def keys_at(layer: int, count: int) -> list[bytes]:
    """Return the first record keys that live at a layer, in order."""
    every = (f"com.example.record/{n:06d}".encode() for n in range(1_000_000))
    found = (key for key in every if mst.layer_of(key) == layer)
    return [next(found) for _ in range(count)]


def leaf(*keys: bytes) -> Node:
    """Return a node of the lowest layer."""
    return make(keys, (VALUE,) * len(keys), (None,) * (len(keys) + 1))


def linked(node: Node) -> Link:
    """Return a clean link to a node."""
    return Link(Cid.of_cbor(mst.encode(node)))


def test_a_sound_repository_has_no_problem() -> None:
    """After any history the report is clean, counts what is there, and the signature is the owner's."""
    for repo, made in history(1, 30, keys=80):
        report = judged(repo, repo.blocks())

        assert report.problems == ()
        assert (report.commit, report.signed, report.unused) == (made.commit, True, 0)
        assert (report.records, report.nodes) == (len(repo.records), len(repo.rows))


def test_the_report_counts_collections_layers_and_bytes() -> None:
    """An owner is told what the repository holds."""
    repo = MemoryRepo()
    repo.commit(*[Create(f"com.example.{'one' if n % 3 else 'two'}/{n:03d}", record(n)) for n in range(90)])
    blocks = repo.blocks()
    assert repo.head is not None

    report = judged(repo, blocks)

    assert report.collections == {"com.example.one": 60, "com.example.two": 30}
    assert report.bytes == sum(map(len, blocks.values()))
    assert report.layers == 1 + max(mst.layer_of(path.encode()) for path in repo.records)


def test_the_empty_repository_is_sound() -> None:
    """A tree without keys is its one empty node."""
    repo = MemoryRepo()

    report = judged(repo, repo.blocks())

    assert (report.problems, report.records, report.nodes, report.layers) == ((), 0, 1, 0)


def test_without_a_key_nothing_is_said_of_the_signature() -> None:
    """Not checked is neither good nor bad."""
    repo = filled(5)
    assert repo.head is not None

    report = inspect(repo.head.cid, repo.blocks(), None)

    assert (report.signed, report.problems) == (None, ())


def damage_cases() -> list[tuple[str, Callable[[MemoryRepo, Blocks], None], str]]:
    """Return ways to damage a good repository of fifty records, and what each is called."""

    def drop_commit(repo: MemoryRepo, blocks: Blocks) -> None:
        del blocks[head(repo)]

    def drop_root(repo: MemoryRepo, blocks: Blocks) -> None:
        del blocks[repo.rows[repo.root].cid]

    def drop_node(repo: MemoryRepo, blocks: Blocks) -> None:
        del blocks[next(row.cid for n, row in repo.rows.items() if n != repo.root)]

    def drop_record(repo: MemoryRepo, blocks: Blocks) -> None:
        del blocks[repo.records["com.example.record/0007"][0]]

    def garble_commit(repo: MemoryRepo, blocks: Blocks) -> None:
        blocks[head(repo)] = b"\xa0"

    def garble_node(repo: MemoryRepo, blocks: Blocks) -> None:
        blocks[repo.rows[repo.root].cid] = b"\xa1aaab"

    def garble_record(repo: MemoryRepo, blocks: Blocks) -> None:
        blocks[repo.records["com.example.record/0007"][0]] = b"\xff"

    def flatten_record(repo: MemoryRepo, blocks: Blocks) -> None:
        blocks[repo.records["com.example.record/0007"][0]] = cbor.encode([1, 2, 3])

    return [
        ("missing commit", drop_commit, "^the commit .* is missing$"),
        ("missing root", drop_root, "^node .* is missing$"),
        ("missing node", drop_node, "^node .* is missing$"),
        ("missing record", drop_record, "^com.example.record/0007: record .* is missing$"),
        ("not a commit", garble_commit, "a commit has exactly the fields"),
        ("not a node", garble_node, "node is not canonical at byte"),
        ("not CBOR", garble_record, "^com.example.record/0007: "),
        ("record not an object", flatten_record, "^com.example.record/0007: the record is not an object$"),
    ]


def head(repo: MemoryRepo) -> Cid:
    """Return the CID of a repository's commit."""
    assert repo.head is not None
    return repo.head.cid


@pytest.mark.parametrize(
    ("damage", "why"), [case[1:] for case in damage_cases()], ids=[case[0] for case in damage_cases()]
)
def test_damage_to_one_block_is_the_one_problem_told(damage: Callable[[MemoryRepo, Blocks], None], why: str) -> None:
    """One damaged block is one problem, by its name; what else is sound is still counted."""
    repo = filled(50)
    blocks = dict(repo.blocks())
    damage(repo, blocks)

    report = judged(repo, blocks)

    assert len(report.problems) == 1
    assert re.search(why, report.problems[0])


def test_every_problem_is_told() -> None:
    """An inspection goes on after the first fault."""
    repo = filled(50)
    blocks = {
        cid: block for cid, block in repo.blocks().items() if cid not in {each for each, _ in repo.records.values()}
    }

    assert len(judged(repo, blocks).problems) == 50


def test_blocks_that_nothing_links_to_are_counted() -> None:
    """They do no harm, so they are no problem; but an export should have none."""
    repo = filled(50)
    blocks = {**repo.blocks(), VALUE: LEAF, Cid.of_cbor(b"\xa0"): b"\xa0"}

    report = judged(repo, blocks)

    # The record of number 1 is in the repository already.
    assert (report.unused, report.problems) == (1, ())


def test_another_owners_signature_is_a_problem() -> None:
    """The tree may be sound; but it is not vouched for."""
    repo = filled(5)
    assert repo.head is not None

    report = inspect(repo.head.cid, repo.blocks(), PrivateKey.from_bytes(bytes(31) + b"\x02").public)

    assert report.signed is False
    assert [each.partition(" by ")[0] for each in report.problems] == ["the commit's signature was not made"]


def test_a_key_on_another_layer_than_its_own_is_a_problem() -> None:
    """A key's hash says at which layer it stands; a lower one among its neighbours is out of place."""
    low, high = sorted([keys_at(0, 1)[0], keys_at(1, 1)[0]])

    report = planted(leaf(low, high))

    assert [each.partition(": ")[2].partition(" stands")[0] for each in report.problems] == [f"key {high.decode()}"]


def test_keys_outside_of_their_gap_are_a_problem() -> None:
    """A kid's keys stand between those of the node above."""
    above, below = keys_at(1, 1)[0], leaf(keys_at(0, 1)[0])
    assert below.keys[0] < above

    report = planted(below, make((above,), (VALUE,), (None, linked(below))))

    assert [each.partition(": ")[2] for each in report.problems] == [
        "its keys do not belong between those of the node above"
    ]


def test_keys_out_of_order_in_a_node_are_a_problem() -> None:
    """A node whose own keys are not in order is not canonical, and cannot be read at all."""
    one, two = keys_at(0, 2)

    report = planted(leaf(two, one))

    assert [each.partition(": ")[2] for each in report.problems] == ["keys are not in order"]


def test_a_node_in_two_places_is_a_problem() -> None:
    """No key is in a tree twice, so no node is."""
    above, below = keys_at(1, 1)[0], leaf(keys_at(0, 1)[0])

    report = planted(below, make((above,), (VALUE,), (linked(below), linked(below))))

    assert any(each.endswith("stands in the tree twice") for each in report.problems)


def test_a_root_that_only_points_down_is_a_problem() -> None:
    """The one canonical tree of a set of keys begins at its highest key."""
    below = leaf(*keys_at(0, 2))

    report = planted(below, make((), (), (linked(below),)))

    assert [each.partition(" ")[0] for each in report.problems] == ["the"]
    assert report.problems[0].endswith("has no entry of its own")


def test_an_empty_node_below_the_root_is_a_problem() -> None:
    """Nodes left without anything disappear."""
    report = planted(EMPTY, make((keys_at(1, 1)[0],), (VALUE,), (linked(EMPTY), None)))

    assert [each.partition(": ")[2] for each in report.problems] == ["a node below the root is empty"]


def test_a_node_below_the_lowest_layer_is_a_problem() -> None:
    """Nothing stands below layer 0."""
    one, two = keys_at(0, 2)
    below = leaf(one)

    report = planted(below, make((two,), (VALUE,), (linked(below), None)))

    assert any("lowest layer has a kid" in each for each in report.problems)


def test_a_layer_that_is_skipped_is_a_problem() -> None:
    """A subtree hangs exactly one layer below its parent, through nodes without entries where layers have none."""
    below = leaf(keys_at(0, 1)[0])

    report = planted(below, make((keys_at(2, 1)[0],), (VALUE,), (linked(below), None)))

    assert ["stands at layer 1, not its own" in each for each in report.problems] == [True]


@pytest.mark.parametrize("path", ["no-slash", "com.example.record/", "record/a", "com.example.record/a/b", "\x7f/é"])
def test_a_key_that_is_no_record_path_is_a_problem(path: str) -> None:
    """A tree holds records, each at its collection and key."""
    report = planted(leaf(path.encode()))

    assert any("is not collection/rkey" in each for each in report.problems)


def test_a_key_that_is_no_text_is_a_problem() -> None:
    """Bytes that are not UTF-8 are named as far as they can be."""
    report = planted(leaf(b"com.example.record/\xff"))

    assert any("is not collection/rkey" in each for each in report.problems)
