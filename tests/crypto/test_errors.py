"""The tree of crypto errors."""

import pytest

from roost.crypto import errors


@pytest.mark.parametrize("name", ["InvalidKey", "InvalidToken", "InvalidPasswordHash", "WrongMasterKey", "Tampered"])
def test_each_is_a_crypto_error_and_a_value_error(name: str) -> None:
    """Whoever uses foreign keys or tokens can answer all that is wrong with them in one place."""
    kind = getattr(errors, name)

    assert issubclass(kind, errors.CryptoError)
    assert issubclass(kind, ValueError)


def test_a_token_out_of_its_time_is_an_invalid_token() -> None:
    """A caller that does not care why can still catch one name."""
    assert issubclass(errors.ExpiredToken, errors.InvalidToken)
    assert issubclass(errors.PrematureToken, errors.InvalidToken)
