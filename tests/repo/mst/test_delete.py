"""Deletions: what remains is the tree that never had the key."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roost.repo import mst
from roost.repo.errors import KeyMissing
from support.trees import KEYS, OTHER, grown, key


def test_updating_or_deleting_what_is_not_there_is_refused() -> None:
    """Both say KeyMissing, at any layer and in the empty tree."""
    for root in (grown([]), grown([key("3fo"), key("3fx")])):
        for short in ("3fn", "3fs", "4fd"):
            with pytest.raises(KeyMissing):
                mst.update(root, key(short), OTHER)
            with pytest.raises(KeyMissing):
                mst.delete(root, key(short), [])


@settings(max_examples=100)
@given(st.sets(KEYS, min_size=1, max_size=40), st.data())
def test_a_deletion_leaves_no_trace(keys: set[bytes], data: st.DataObject) -> None:
    """The root is that of the remaining keys, whatever was inserted first."""
    gone = data.draw(st.sampled_from(sorted(keys)))

    left = mst.finish(mst.delete(grown(sorted(keys)), gone, []), [], 1).root

    assert left.cid == grown(keys - {gone}).cid
