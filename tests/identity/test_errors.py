"""The tree of identity errors."""

from __future__ import annotations

import datetime as dt

from roost.identity.errors import IdentityError, InvalidLog, InvalidOperation, LateRecovery, OperationTooLarge


def test_everything_is_an_identity_error() -> None:
    """One except clause is enough for a caller who only needs to refuse."""
    assert issubclass(InvalidOperation, IdentityError)
    assert issubclass(InvalidLog, IdentityError)
    assert issubclass(IdentityError, ValueError)


def test_errors_carry_their_numbers() -> None:
    """Sizes and times are there to be read, not to be parsed out of a message."""
    assert OperationTooLarge(4001, 4000).limit == 4000
    assert LateRecovery(dt.timedelta(hours=73)).elapsed == dt.timedelta(hours=73)
