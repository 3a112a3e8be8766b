"""Password hashes."""

import pytest

from roost.crypto import password
from roost.crypto.errors import InvalidPasswordHash

_STORED = password.hash("correct horse")


def test_the_right_password() -> None:
    """It verifies, and no other does."""
    assert password.verify("correct horse", _STORED)
    assert not password.verify("correct horse ", _STORED)


def test_the_same_password_twice() -> None:
    """Two accounts with one password cannot be told to have it."""
    assert password.hash("correct horse") != _STORED


def test_the_costs_are_the_recommended_ones() -> None:
    """Argon2id, 19 MiB, two passes, one lane."""
    assert _STORED.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.parametrize("text", ["", "\N{SNOWMAN}", "nul\0inside", "\ud800", "x" * 10_000])
def test_any_text_can_be_a_password(text: str) -> None:
    """None is cut short, and none breaks the server."""
    stored = password.hash(text)

    assert password.verify(text, stored)
    assert not password.verify(text + "x", stored)


@pytest.mark.parametrize(
    "stored", ["", "plain", "$argon2id$", "$argon2id$v=19$m=19456,t=2,p=1$aaaa", "00:11", "\N{SNOWMAN}"]
)
def test_a_hash_that_is_none_is_our_own_fault(stored: str) -> None:
    """It is not answered with "wrong password"."""
    with pytest.raises(InvalidPasswordHash):
        password.verify("correct horse", stored)
