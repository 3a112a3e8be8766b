"""Hashing passwords."""

import asyncio

import pytest

from roost.services import passwords
from roost.services.errors import InvalidPassword, TooManyRequests
from roost.services.passwords import Passwords

pytestmark = pytest.mark.anyio


async def test_the_password_matches_its_hash_and_no_other_does() -> None:
    """A password is known again, and one letter makes another of it."""
    kept = Passwords()
    stored = await kept.hash("correct horse")

    assert await kept.matches("correct horse", stored)
    assert not await kept.matches("correct horsf", stored)


async def test_nobodys_password_is_always_wrong() -> None:
    """An account that does not exist has no password, not even the one that is hashed in its place."""
    kept = Passwords()

    assert not await kept.matches("nobody has this password", None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("7 chars", "Invalid password: it must have at least 8 characters."),
        ("x" * 257, "Invalid password length: it may have at most 256 characters."),
    ],
)
async def test_a_new_password_has_from_8_to_256_characters(text: str, message: str) -> None:
    """A password too short to keep or too long to hash is refused."""
    with pytest.raises(InvalidPassword) as refused:
        await Passwords().hash(text)
    assert str(refused.value) == message


async def test_a_very_long_password_is_wrong_and_costs_no_more() -> None:
    """Somebody who signs in with a megabyte is told that it is wrong."""
    kept = Passwords()
    stored = await kept.hash("x" * 256)

    assert not await kept.matches("x" * 1_000_000, stored)
    assert not await kept.matches("x" * 257, stored)


async def test_a_flood_is_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """More sign-ins than can be worked off in a moment are refused at once; afterwards all is as before."""
    monkeypatch.setattr(passwords, "WAITING", 3)
    kept = Passwords()
    stored = await kept.hash("correct horse")

    found = await asyncio.gather(*[kept.matches("correct horse", stored) for _ in range(8)], return_exceptions=True)

    assert found.count(True) == 3
    assert sum(isinstance(each, TooManyRequests) for each in found) == 5
    assert await kept.matches("correct horse", stored)
