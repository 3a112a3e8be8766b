"""Passwords that an account gives to programs: random, revocable one by one, and good for less than its own.

An app password is 80 random bits, so nobody can guess one, whether against this server or against its database. That is
why it is kept as a digest under a secret of the server's rather than hashed slowly as a person's password must be: one
look-up finds it among all that an account has, where comparing with a slow hash of each would let anybody who knows a
handle keep the processors busy. What looks like an app password and is none is still compared with the account's own.
"""

import re
from hmac import digest
from secrets import choice
from typing import Final

import msgspec

from roost.services.clock import Minter
from roost.services.errors import AccountNotFound, AppPasswordExists, InvalidRequest
from roost.storage import accounts, app_passwords, sessions
from roost.storage.app_passwords import AppPassword
from roost.storage.db import Database, Tx

__all__ = ["AppPassword", "AppPasswords", "Made"]

MAX_PASSWORDS: Final = 50
"""App passwords of an account: more than anybody has programs, and few enough to look through."""

MAX_NAME: Final = 100
"""Characters of a name: room for "Firefox on the laptop in the kitchen", and for a list of them in one answer."""

_BASE32: Final = "abcdefghijklmnopqrstuvwxyz234567"
_PASSWORD: Final = re.compile(r"[a-z2-7]{4}(?:-[a-z2-7]{4}){3}")


class Made(msgspec.Struct, frozen=True):
    """A new app password with its text, which is told this once."""

    password: AppPassword
    text: str


class AppPasswords:
    """Gives out app passwords, finds them, and takes them back; `secret` is the key of their digests."""

    def __init__(self, db: Database, secret: bytes, minter: Minter) -> None:
        self._db = db
        self._secret = secret
        self._minter = minter

    async def create(self, account: int, name: str, *, privileged: bool) -> Made:
        """Make a password of that name. Raises InvalidRequest, AppPasswordExists, AccountNotFound."""
        if not _is_name(name):
            raise InvalidRequest(f"An app password's name has from 1 to {MAX_NAME} printable characters")
        text = "-".join("".join(choice(_BASE32) for _ in range(4)) for _ in range(4))
        password = AppPassword(name, privileged, self._minter.milliseconds())

        def add(tx: Tx) -> None:
            owner = accounts.by_id(tx, account)
            if owner is None:
                raise AccountNotFound("Account not found")
            if app_passwords.get(tx, account, name) is not None:
                raise AppPasswordExists(f"There is an app password of that name already: {name}")
            if app_passwords.count(tx, account) >= MAX_PASSWORDS:
                raise InvalidRequest(f"An account has at most {MAX_PASSWORDS} app passwords: revoke one first")
            app_passwords.add(tx, account, password, digest=self._digest(account, text))

        await self._db.write(add)
        return Made(password, text)

    async def of(self, account: int) -> list[AppPassword]:
        """Return the account's app passwords, the newest first."""
        return await self._db.read(lambda tx: app_passwords.of_account(tx, account))

    async def revoke(self, account: int, name: str) -> None:
        """Void the password of that name and end every session opened with it; one that is not there is so already."""
        if not _is_name(name):
            return

        def revoke(tx: Tx) -> None:
            app_passwords.delete(tx, account, name)
            sessions.revoke_of_app_password(tx, account, name)

        await self._db.write(revoke)

    def find(self, tx: Tx, account: int, text: str) -> AppPassword | None:
        """Return the account's app password with that text, or None."""
        if not _PASSWORD.fullmatch(text):
            return None
        return app_passwords.find(tx, account, self._digest(account, text))

    def may_be_imported(self, tx: Tx, account: int, text: str) -> bool:
        """Return whether the text could be an app password that was made elsewhere: only its slow hash can tell."""
        return _PASSWORD.fullmatch(text) is not None and app_passwords.has_imported(tx, account)

    async def find_imported(self, account: int, text: str, hashed: bytes) -> AppPassword | None:
        """Return the app password with that slow hash, or None; from now on it is found by its text as others are."""

        def find(tx: Tx) -> AppPassword | None:
            found = app_passwords.find(tx, account, hashed)
            if found is not None:
                app_passwords.set_digest(tx, account, found.name, self._digest(account, text))
            return found

        return await self._db.write(find)

    def _digest(self, account: int, text: str) -> bytes:
        # With the account in it, one digest says nothing about another account's.
        return digest(self._secret, f"{account}:{text}".encode(), "sha256")


def _is_name(name: str) -> bool:
    return 0 < len(name) <= MAX_NAME and name.isprintable() and name == name.strip()
