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


SALT = "000102030405060708090a0b0c0d0e0f"
HASHED = (
    "7eb1caf56dfe403ae2447c03ea46097f45fa3c10fa4b1f59ed6c2bfd90bb38ba"
    "1b73d3aff2793ce5b20f4b26c110ea790c793a2182d02df402dec202c5d1bf22"
)


def test_a_hash_of_the_reference_servers() -> None:
    """Its salt is a text, used as it is; the password behind it verifies, and the hash wants to be renewed."""
    stored = password.from_reference(f"{SALT}:{HASHED}")

    assert password.verify("alice-pass", stored)
    assert not password.verify("alice-pasS", stored)
    assert password.outdated(stored)
    assert not password.outdated(_STORED)


def test_an_app_password_of_the_reference_servers() -> None:
    """Its salt follows of the DID, so one hash finds it."""
    assert password.scrypt_hash("abcd-efgh-ijkl-mnop", "099e4ea96cd62c05a232331859d20c97").hex() == (
        "fd2bbf28c4711cd8d02ea6a9af381222ef64fa9654f065196498e87aeb668370"
        "e1accd55a4a2cf56b303904d22367493a14af2bda8d630abaa594676edbca564"
    )


@pytest.mark.parametrize("text", ["", ":", SALT, f"{SALT}:{HASHED[:-1]}", f"{SALT}:{HASHED}:", f"a b:{HASHED}", "x:y"])
def test_what_is_no_hash_of_the_reference_servers(text: str) -> None:
    """It is refused before it is stored; and one that was stored all the same lets nobody in."""
    with pytest.raises(InvalidPasswordHash):
        password.from_reference(text)
    with pytest.raises(InvalidPasswordHash):
        password.verify("alice-pass", "scrypt:salt:not hexadecimal")
