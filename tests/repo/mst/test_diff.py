"""The changes between two trees."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roost.data.cid import Cid
from roost.repo import mst
from roost.repo.errors import InvalidNode, MissingBlock
from roost.repo.mst import Link
from support import slow_mst
from support.trees import KEYS, LEAF


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


def test_a_shared_subtree_is_not_read() -> None:
    """Two equal trees are compared by their roots alone."""
    asked: list[Link] = []
    cid, blocks = slow_mst.build({f"com.example.record/{n:04d}".encode(): LEAF for n in range(60)})

    def load(link: Link) -> mst.Node:
        asked.append(link)
        return mst.decode(blocks[link.cid or cid_missing()])

    assert list(mst.diff(Link(cid), Link(cid), load, load)) == []
    assert [link.cid for link in asked] == [cid, cid]


def test_a_damaged_tree_stops_the_diff() -> None:
    """A node on another layer than its keys' is named, not compared; so is one that is missing."""
    low = mst.make((b"com.example.record/0",), (LEAF,), (None, None))
    top = mst.make((b"com.example.record/1",), (LEAF,), (Link(LEAF), None))
    nodes = {LEAF: low, None: top}
    empty = Link(None, 0, mst.EMPTY)

    with pytest.raises(InvalidNode):
        list(mst.diff(empty, Link(None, 0, top), lambda _: mst.EMPTY, lambda link: nodes[link.cid]))
    with pytest.raises(MissingBlock):
        list(mst.diff(empty, Link(LEAF), lambda _: mst.EMPTY, missing))


def missing(link: Link) -> mst.Node:
    """Load nothing."""
    raise MissingBlock(link.cid or cid_missing())
