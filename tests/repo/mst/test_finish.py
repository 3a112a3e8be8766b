"""Hashing what operations left dirty, and the numbers of rows."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roost.data.cid import Cid
from roost.repo import mst
from roost.repo.errors import CrowdedNode
from roost.repo.mst import Link
from roost.repo.mst.node import MAX_ENTRIES
from support import slow_mst
from support.trees import KEYS, LEAF, OTHER


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


def test_a_clean_tree_has_nothing_to_store() -> None:
    """Finishing twice gives nothing the second time, and gives out no number."""
    done = mst.finish(mst.insert(Link(None, 0, mst.EMPTY), b"com.example.record/1", LEAF), [], 1)

    again = mst.finish(done.root, [], done.next_n)

    assert (again.root, again.nodes, again.freed, again.next_n) == (done.root, (), (), done.next_n)


def test_a_node_holds_no_more_keys_than_chance_would_give_it() -> None:
    """One more than the most is refused, whoever put them there; the most are not."""
    keys = (f"com.example.record/{n:05}".encode() for n in range(2000))
    lowest = [key for key in keys if mst.layer_of(key) == 0][: MAX_ENTRIES + 1]
    root = Link(None, 0, mst.EMPTY)
    for key in lowest[:-1]:
        root = mst.insert(root, key, LEAF)
    assert len(mst.finish(root, [], 1).nodes) == 1

    with pytest.raises(CrowdedNode, match="in one node"):
        mst.finish(mst.insert(root, lowest[-1], LEAF), [], 1)
