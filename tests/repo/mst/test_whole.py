"""Whole trees, read once from blocks that nobody vouches for."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roost.data.cid import Cid
from roost.repo import CrowdedNode, InvalidNode, MissingBlock, mst
from roost.repo.mst import Link, NewNode
from support import slow_mst
from support.trees import KEYS, LEAF, OTHER


def read(root: Cid, blocks: Mapping[Cid, bytes]) -> tuple[dict[int, NewNode], dict[bytes, Cid]]:
    """Return a tree's nodes by number, and its keys."""
    numbers: dict[Cid, int] = {}

    def fetch(cid: Cid) -> bytes:
        if cid not in blocks:
            raise MissingBlock(cid)
        return blocks[cid]

    found = list(mst.whole(root, fetch, lambda cid: numbers.setdefault(cid, len(numbers) + 1)))
    nodes = [each for each in found if isinstance(each, NewNode)]
    leaves = [each for each in found if not isinstance(each, NewNode)]
    assert [key for key, _ in leaves] == sorted(key for key, _ in leaves)
    return {node.n: node for node in nodes}, dict(leaves)


def put(blocks: dict[Cid, bytes], keys: list[bytes], kids: list[Cid | None]) -> Cid:
    """Add a node of those keys, whatever it may be worth, and return its name."""
    links = tuple(None if kid is None else Link(kid) for kid in kids)
    block = mst.encode(mst.make(tuple(keys), tuple(LEAF for _ in keys), links))
    blocks[Cid.of_cbor(block)] = block
    return Cid.of_cbor(block)


def keys_at(layer: int, count: int) -> list[bytes]:
    """Return keys of a layer, in order."""
    found = (key for n in range(10**6) if mst.layer_of(key := b"com.example.thing/%06d" % n) == layer)
    return [next(found) for _ in range(count)]


@given(st.dictionaries(KEYS, st.sampled_from([LEAF, OTHER])))
def test_every_tree_is_read_as_it_is(leaves: dict[bytes, Cid]) -> None:
    """All nodes once, each with the numbers of those below it, and every key in order."""
    root, blocks = slow_mst.build(leaves)

    nodes, found = read(root, blocks)

    assert found == leaves
    assert {node.cid: node.block for node in nodes.values()} == blocks
    for node in nodes.values():
        kids = [None if kid is None else kid.cid for kid in mst.decode(node.block).kids]
        assert [nodes[n].cid if n else None for n in node.kids] == kids


@given(st.dictionaries(KEYS, st.just(LEAF), min_size=1), st.data())
def test_no_block_may_be_missing(leaves: dict[bytes, Cid], data: st.DataObject) -> None:
    """Whichever it is."""
    root, blocks = slow_mst.build(leaves)
    gone = data.draw(st.sampled_from(sorted(blocks)))

    with pytest.raises(MissingBlock):
        read(root, {cid: block for cid, block in blocks.items() if cid != gone})


def test_a_tree_ten_thousand_deep() -> None:
    """It is refused where its layers end, not where Python's stack does."""
    blocks: dict[Cid, bytes] = {}
    low = put(blocks, keys_at(0, 1), [None, None])
    for _ in range(10_000):
        low = put(blocks, [], [low])

    with pytest.raises(InvalidNode):
        read(low, blocks)
    with pytest.raises(InvalidNode):
        read(put(blocks, keys_at(3, 1), [low, None]), blocks)


def test_nodes_at_the_wrong_place() -> None:
    """An empty one, one of another layer, one on the wrong side of a key, one that is there twice."""
    blocks: dict[Cid, bytes] = {}
    high = keys_at(1, 1)
    above = next(key for key in keys_at(0, 100) if key > high[0])
    leaf = put(blocks, [above], [None, None])
    empty = put(blocks, [], [None])

    misplaced: list[list[Cid | None]] = [[leaf, None], [empty, None], [None, empty], [leaf, leaf]]
    for kids in misplaced:
        with pytest.raises(InvalidNode):
            read(put(blocks, high, kids), blocks)
    with pytest.raises(InvalidNode):
        read(put(blocks, keys_at(2, 1), [None, leaf]), blocks)
    with pytest.raises(InvalidNode):
        read(put(blocks, sorted([*high, above]), [None, None, None]), blocks)


def test_a_node_of_too_many_keys() -> None:
    """Keys that were picked for their hashes pile up in one node."""
    blocks: dict[Cid, bytes] = {}

    with pytest.raises(CrowdedNode):
        read(put(blocks, keys_at(0, 257), [None] * 258), blocks)


def test_what_is_no_node_or_names_none() -> None:
    """Bytes that are no node, and links that say they are raw."""
    blocks: dict[Cid, bytes] = {Cid.of_cbor(b"junk"): b"junk"}

    with pytest.raises(InvalidNode):
        read(Cid.of_cbor(b"junk"), blocks)
    raw = mst.make((keys_at(0, 1)[0],), (Cid.of_raw(b"a blob"),), (None, None))
    blocks[Cid.of_cbor(mst.encode(raw))] = mst.encode(raw)
    with pytest.raises(InvalidNode):
        read(Cid.of_cbor(mst.encode(raw)), blocks)
