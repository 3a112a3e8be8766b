"""Hashing passwords off the event loop, a few at a time: each hash is meant to cost memory and processor time."""

import asyncio
from collections.abc import Callable
from hashlib import sha256
from typing import Final, TypeVar

from roost.crypto import password
from roost.services.errors import InvalidPassword, TooManyRequests
from roost.syntax import Did

T = TypeVar("T")

MIN_CHARS: Final = 8
"""What NIST SP 800-63B asks for at the least."""

MAX_CHARS: Final = 256
"""The reference server's limit for a new password; longer ones only cost time to hash."""

MAX_TRIED: Final = 512
"""The longest password that is compared: what the reference server once let somebody choose."""

AT_ONCE: Final = 2
"""Hashes under way at a time: 19 MiB each, and the event loop keeps a processor."""

WAITING: Final = 64
"""Requests that may wait for a hash, about two seconds' worth; more are turned away rather than kept waiting."""


class Passwords:
    """Makes and checks hashes, bounded in number."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        self._nobody: str | None = None

    async def hash(self, text: str) -> str:
        """Return the hash of a new password. Raises InvalidPassword, TooManyRequests."""
        if len(text) < MIN_CHARS:
            raise InvalidPassword(f"Invalid password: it must have at least {MIN_CHARS} characters.")
        if len(text) > MAX_CHARS:
            raise InvalidPassword(f"Invalid password length: it may have at most {MAX_CHARS} characters.")
        return await self._run(lambda: password.hash(text))

    async def renew(self, text: str) -> str:
        """Return the hash of a password that stands, whatever is asked of a new one. Raises TooManyRequests."""
        return await self._run(lambda: password.hash(text))

    def outdated(self, stored: str) -> bool:
        """Return whether a hash is another server's, and should be renewed when its password is there."""
        return password.outdated(stored)

    async def reference_app_hash(self, text: str, did: Did) -> bytes:
        """Return what the reference server keeps of an app password. Raises TooManyRequests."""
        salt = sha256(did.encode()).hexdigest()[:32]
        return await self._run(lambda: password.scrypt_hash(text, salt))

    async def matches(self, text: str, stored: str | None) -> bool:
        """Return whether `text` is the password behind a hash. Raises TooManyRequests.

        None, for an account that does not exist or has no password, takes as long and is False: the time must not tell.
        """
        if self._nobody is None:
            self._nobody = await self._run(lambda: password.hash("nobody has this password"))
        against = self._nobody if stored is None else stored
        if len(text) > MAX_TRIED:
            text = ""
        found = await self._run(lambda: password.verify(text, against))
        return found and stored is not None

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= WAITING:
            raise TooManyRequests("Too many sign-ins at once; try again in a few seconds")
        self._waiting += 1
        try:
            async with self._slots:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1
