"""Invite codes: how an operator lets people in."""

from collections.abc import Sequence
from secrets import choice
from typing import Final

import msgspec

from roost.services.clock import Minter
from roost.services.errors import InvalidRequest
from roost.services.policy import Policy
from roost.storage import invites
from roost.storage.db import Database, Tx

ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz234567"
MAX_USES: Final = 1_000_000

MAX_CODES: Final = 1_000
"""Codes made at once: each is a row, and all of them are one transaction, which others wait for."""


class AccountCodes(msgspec.Struct, frozen=True):
    """Codes that were given out in the name of one account, by its DID, or of `admin`."""

    account: str
    codes: list[str]


class Invites:
    """Gives out codes."""

    def __init__(self, db: Database, policy: Policy, minter: Minter) -> None:
        self._db = db
        self._policy = policy
        self._minter = minter

    async def create(self, *, uses: int, for_account: str = "admin") -> str:
        """Return a new code, `<hostname>-xxxxx-xxxxx`, that admits `uses` accounts. Raises InvalidRequest."""
        _check_uses(uses)
        code = new_code(self._policy.hostname)

        def add(tx: Tx) -> None:
            invites.add(tx, code=code, uses=uses, for_account=for_account, now=self._minter.milliseconds())

        await self._db.write(add)
        return code

    async def create_many(self, *, count: int, uses: int, for_accounts: Sequence[str]) -> list[AccountCodes]:
        """Return `count` new codes for each of the accounts, or none of them. Raises InvalidRequest."""
        _check_uses(uses)
        owners = list(dict.fromkeys(for_accounts))
        if count < 1 or count * len(owners) > MAX_CODES:
            raise InvalidRequest(f"codeCount must be at least 1, and all codes together at most {MAX_CODES}")
        made = [AccountCodes(owner, [new_code(self._policy.hostname) for _ in range(count)]) for owner in owners]

        def add(tx: Tx) -> None:
            now = self._minter.milliseconds()
            for each in made:
                for code in each.codes:
                    invites.add(tx, code=code, uses=uses, for_account=each.account, now=now)

        await self._db.write(add)
        return made


def new_code(hostname: str) -> str:
    """Return a code that nobody has: the hostname's dots become dashes, so that a double-click takes all of it."""
    return f"{hostname.replace('.', '-').replace(':', '-')}-{_five()}-{_five()}"


def _check_uses(uses: int) -> None:
    if not 1 <= uses <= MAX_USES:
        raise InvalidRequest(f"useCount must be from 1 to {MAX_USES}")


def _five() -> str:
    return "".join(choice(ALPHABET) for _ in range(5))
