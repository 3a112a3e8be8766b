"""Insertions and updates, against the published roots."""

import pytest

from roost.repo import mst
from roost.repo.errors import KeyExists
from roost.repo.mst import Link
from support.trees import LEAF, OTHER, ROOTS, grown, key


@pytest.mark.parametrize(("shorts", "root"), ROOTS)
def test_roots_are_the_published_ones(shorts: str, root: str) -> None:
    """Every published set of keys leads to its published root, whatever the order of insertion."""
    keys = [key(short) for short in shorts.split()]

    assert [str(grown(keys).cid), str(grown(reversed(keys)).cid)] == [root, root]


def test_inserting_twice_is_refused() -> None:
    """A key is in the tree once."""
    root = grown([key("3fo"), key("3fs"), key("3fx")])

    for short in ("3fo", "3fs", "3fx"):
        with pytest.raises(KeyExists):
            mst.insert(root, key(short), OTHER)


def test_a_higher_key_that_stands_below_is_found_while_splitting() -> None:
    """Only a damaged tree holds a key below its layer; splitting along it says so instead of doubling it."""
    low = Link(None, 0, mst.make((key("3fx"),), (LEAF,), (None, None)))
    damaged = Link(None, 0, mst.make((key("3fo"),), (LEAF,), (None, low)))

    with pytest.raises(KeyExists):
        mst.insert(damaged, key("3fx"), LEAF)


def test_an_update_changes_one_value_and_no_shape() -> None:
    """The tree with another value is the one that was grown with it, at any layer."""
    shorts = ["3fo", "3fs", "3fx"]
    for changed in shorts:
        after = mst.finish(mst.update(grown([key(short) for short in shorts]), key(changed), OTHER), [], 1).root

        grown_so = Link(None, 0, mst.EMPTY)
        for short in shorts:
            grown_so = mst.insert(grown_so, key(short), OTHER if short == changed else LEAF)
        assert after.cid == mst.finish(grown_so, [], 1).root.cid
