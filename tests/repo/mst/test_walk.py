"""The nodes that matter to a key, and finding what stands there."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roost.repo import mst
from roost.repo.errors import MissingBlock
from roost.repo.mst import Link
from support import slow_mst
from support.trees import KEYS, LEAF, OTHER, grown, key


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


def test_an_unloaded_link_is_named() -> None:
    """An operation on a tree whose frontier was not loaded says which block is missing."""
    root = Link(LEAF)

    with pytest.raises(MissingBlock, match=str(LEAF)):
        mst.insert(root, key("3fo"), OTHER)


def test_every_key_is_found_and_no_other() -> None:
    """A look-up gives the value at a key of any layer, and None where there is none."""
    root = grown([key("3fo"), key("3fs"), key("3fx")])

    found = [mst.find(root, key(short)) for short in ("3fn", "3fo", "3fp", "3fs", "3fx", "3fz")]

    assert found == [None, LEAF, None, LEAF, LEAF, None]
