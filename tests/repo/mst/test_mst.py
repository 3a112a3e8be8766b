"""The tree's operations against published vectors and against the slow oracle."""

import json
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roost.data.cid import Cid
from roost.repo import mst
from roost.repo.errors import InvalidNode, KeyExists, KeyMissing, MissingBlock
from roost.repo.mst import Link
from roost.repo.mst.node import common_prefix
from support import slow_mst
from support.interop import interop

LEAF = Cid.parse("bafyreie5cvv4h45feadgeuwhbcutmh6t2ceseocckahdoe6uat64zmz454")
OTHER = Cid.of_cbor(b"\xa0")

ROOTS = [
    ("", "bafyreie5737gdxlw5i64vzichcalba3z2v5n6icifvx5xytvske7mr3hpm"),
    ("3jqfcqzm3fo2j", "bafyreibj4lsc3aqnrvphp5xmrnfoorvru4wynt6lwidqbm2623a6tatzdu"),
    ("3jqfcqzm3fx2j", "bafyreih7wfei65pxzhauoibu3ls7jgmkju4bspy4t2ha2qdjnzqvoy33ai"),
    ("3fp 3fr 3fs 3ft 4fc", "bafyreicmahysq4n6wfuxo522m6dpiy7z7qzym3dzs756t5n7nfdgccwq7m"),
    ("3fn 3fo 3fp 3fs 3ft 3fu", "bafyreifnqrwbk6ffmyaz5qtujqrzf5qmxf7cbxvgzktl4e3gabuxbtatv4"),
    ("3fn 3fo 3fp 3ft 3fu", "bafyreie4kjuxbwkhzg2i5dljaswcroeih4dgiqq6pazcmunwt2byd725vi"),
    ("3fo 3fp 3fr 3fs 3ft 3fz 4fc 4fd 4ff 4fg 4fh", "bafyreiettyludka6fpgp33stwxfuwhkzlur6chs4d2v4nkmq2j3ogpdjem"),
    ("3fo 3fp 3fr 3fs 3ft 3fx 3fz 4fc 4fd 4ff 4fg 4fh", "bafyreid2x5eqs4w4qxvc5jiwda4cien3gw2q6cshofxwnvv7iucrmfohpm"),
    ("3ft 3fz", "bafyreidfcktqnfmykz2ps3dbul35pepleq7kvv526g47xahuz3rqtptmky"),
    ("3ft 3fz 3fx", "bafyreiavxaxdz7o7rbvr3zg2liox2yww46t7g6hkehx4i4h3lwudly7dhy"),
    ("3ft 3fz 3fx 4fd", "bafyreig4jv3vuajbsybhyvb7gggvpwh2zszwfyttjrj6qwvcsp24h6popu"),
]


def key(short: str) -> bytes:
    """Spell out a record key of the vectors."""
    rkey = short if len(short) == 13 else f"3jqfcqzm{short}2j"
    return f"com.example.record/{rkey}".encode()


def grown(keys: Iterable[bytes]) -> Link:
    """Return the hashed tree that holds `keys`, inserted one after another."""
    root = Link(None, 0, mst.EMPTY)
    for each in keys:
        root = mst.insert(root, each, LEAF)
    return mst.finish(root, [], 1).root


@pytest.mark.parametrize(("shorts", "root"), ROOTS)
def test_roots_are_the_published_ones(shorts: str, root: str) -> None:
    """Every published set of keys leads to its published root, whatever the order of insertion."""
    keys = [key(short) for short in shorts.split()]

    assert [str(grown(keys).cid), str(grown(reversed(keys)).cid)] == [root, root]


def test_layers_are_the_published_ones() -> None:
    """A key's layer is the published number of zero bit pairs."""
    vectors = json.loads(interop("mst/key_heights.json").read_bytes())

    assert [mst.layer_of(v["key"].encode()) for v in vectors] == [v["height"] for v in vectors]


def test_example_keys_stand_on_their_layers() -> None:
    """The example keys, named for their layer, live there."""
    keys = interop("mst/example_keys.txt").read_text().split()

    assert [mst.layer_of(k.encode()) for k in keys] == [int(k[1]) for k in keys]


def test_common_prefixes_are_the_published_ones() -> None:
    """Shared prefixes are counted in bytes, as published."""
    vectors = json.loads(interop("mst/common_prefix.json").read_bytes())

    assert [common_prefix(v["left"].encode(), v["right"].encode()) for v in vectors] == [v["len"] for v in vectors]


KEYS = st.integers(0, 60).map(lambda n: f"com.example.record/{n:04d}".encode())


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(KEYS, st.sampled_from([LEAF, OTHER, None])), max_size=60))
def test_any_history_leads_to_the_canonical_tree(steps: list[tuple[bytes, Cid | None]]) -> None:
    """After any inserts, updates and deletes the blocks are those of a rebuild, under numbers that stay unique."""
    leaves: dict[bytes, Cid] = {}
    stored: dict[int, Cid] = {}
    root, next_n = Link(None, 0, mst.EMPTY), 1
    for k, value in steps:
        freed: list[int] = []
        if value is None and k in leaves:
            root = mst.delete(root, k, freed)
            del leaves[k]
        elif value is not None:
            root = mst.update(root, k, value) if k in leaves else mst.insert(root, k, value)
            leaves[k] = value
        done = mst.finish(root, freed, next_n)
        stored.update((n.n, n.cid) for n in done.nodes)
        for n in done.freed:
            del stored[n]
        root, next_n = done.root, done.next_n

    expected, blocks = slow_mst.build(leaves)
    # The empty tree's node is only written once something else was there.
    live = stored if steps and stored else {1: expected}
    assert (root.cid or expected, sorted(live.values())) == (expected, sorted(blocks))


@settings(max_examples=60, deadline=None)
@given(st.sets(KEYS, min_size=1, max_size=60), st.lists(KEYS, min_size=1, max_size=5, unique=True))
def test_the_frontier_is_all_that_an_operation_needs(have: set[bytes], touched: list[bytes]) -> None:
    """With nothing loaded but the frontier of a batch's keys, the batch succeeds and leads to the canonical tree."""
    cid, blocks = slow_mst.build(dict.fromkeys(have, LEAF))
    root, loads = Link(cid), 0
    while need := mst.frontier(root, touched):
        loads += 1
        for link in need:
            assert link.cid is not None
            link.node = mst.decode(blocks[link.cid])
    assert loads <= max(map(mst.layer_of, have)) + 1

    for k in touched:
        root = mst.delete(root, k, []) if k in have else mst.insert(root, k, LEAF)

    wanted = (have | set(touched)) - (have & set(touched))
    assert mst.finish(root, [], 1).root.cid == slow_mst.build(dict.fromkeys(wanted, LEAF))[0]


@settings(max_examples=100, deadline=None)
@given(st.sets(KEYS, max_size=40), st.sets(KEYS, max_size=40))
def test_diff_finds_exactly_what_changed(before: set[bytes], after: set[bytes]) -> None:
    """The diff of two trees is the difference of their leaves, in key order, and skips subtrees that both have."""
    one, two = slow_mst.build(dict.fromkeys(before, LEAF)), slow_mst.build(dict.fromkeys(after, LEAF))

    changes = list(
        mst.diff(
            Link(one[0]),
            Link(two[0]),
            lambda link: mst.decode(one[1][link.cid or cid_missing()]),
            lambda link: mst.decode(two[1][link.cid or cid_missing()]),
        )
    )

    expected = [(k, LEAF if k in before else None, LEAF if k in after else None) for k in sorted(before ^ after)]
    assert [(c.key, c.before, c.after) for c in changes] == expected


def cid_missing() -> Cid:
    """Fail: every link of a parsed tree has a CID."""
    pytest.fail("a parsed link has no CID")


def test_inserting_twice_is_refused() -> None:
    """A key is in the tree once."""
    root = grown([key("3fo"), key("3fs"), key("3fx")])

    for short in ("3fo", "3fs", "3fx"):
        with pytest.raises(KeyExists):
            mst.insert(root, key(short), OTHER)


def test_a_higher_key_that_stands_below_is_found_while_splitting() -> None:
    """Only a damaged tree holds a key below its layer; splitting along it says so instead of doubling it."""
    low = Link(None, 0, mst.Node((key("3fx"),), (LEAF,), (None, None)))
    damaged = Link(None, 0, mst.Node((key("3fo"),), (LEAF,), (None, low)))

    with pytest.raises(KeyExists):
        mst.insert(damaged, key("3fx"), LEAF)


def test_updating_or_deleting_what_is_not_there_is_refused() -> None:
    """Both say KeyMissing, at any layer and in the empty tree."""
    for root in (grown([]), grown([key("3fo"), key("3fx")])):
        for short in ("3fn", "3fs", "4fd"):
            with pytest.raises(KeyMissing):
                mst.update(root, key(short), OTHER)
            with pytest.raises(KeyMissing):
                mst.delete(root, key(short), [])


def test_an_unloaded_link_is_named() -> None:
    """An operation on a tree whose frontier was not loaded says which block is missing."""
    root = Link(LEAF)

    with pytest.raises(MissingBlock, match=str(LEAF)):
        mst.insert(root, key("3fo"), OTHER)


@settings(max_examples=100, deadline=None)
@given(st.sets(KEYS, max_size=30))
def test_nodes_round_trip(keys: set[bytes]) -> None:
    """Every node of a rebuilt tree decodes to what encodes to the same bytes."""
    _, blocks = slow_mst.build(dict.fromkeys(keys, LEAF))

    assert [mst.encode(mst.decode(block)) for block in blocks.values()] == list(blocks.values())


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_nodes_are_refused_by_name(data: st.DataObject) -> None:
    """A node with any byte changed, cut or added is either another canonical node or an InvalidNode; nothing else happens."""
    _, blocks = slow_mst.build(dict.fromkeys([key(s) for s in ROOTS[7][0].split()], LEAF))
    block = bytearray(data.draw(st.sampled_from(list(blocks.values()))))
    at = data.draw(st.integers(0, len(block) - 1))
    match data.draw(st.sampled_from(["change", "cut", "add"])):
        case "change":
            block[at] = data.draw(st.integers(0, 255))
        case "cut":
            del block[at:]
        case _:
            block.insert(at, data.draw(st.integers(0, 255)))

    try:
        node = mst.decode(bytes(block))
    except InvalidNode:
        return
    assert mst.encode(node) == block
