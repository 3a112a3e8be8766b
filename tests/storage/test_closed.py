"""What stands in for the cursor of a transaction that has ended."""

import pytest

from roost.storage.closed import CLOSED
from roost.storage.errors import TransactionClosed


def test_it_refuses_whatever_it_is_asked() -> None:
    """By name."""
    with pytest.raises(TransactionClosed):
        CLOSED.execute("SELECT 1", ())
    with pytest.raises(TransactionClosed):
        CLOSED.executemany("SELECT 1", [])
