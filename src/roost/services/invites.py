"""Invite codes: how an operator lets people in."""

from secrets import choice
from typing import Final

from roost.services.clock import Minter
from roost.services.errors import InvalidRequest
from roost.services.policy import Policy
from roost.storage import invites
from roost.storage.db import Database, Tx

ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz234567"
MAX_USES: Final = 1_000_000


class Invites:
    """Gives out codes."""

    def __init__(self, db: Database, policy: Policy, minter: Minter) -> None:
        self._db = db
        self._policy = policy
        self._minter = minter

    async def create(self, *, uses: int, for_account: str = "admin") -> str:
        """Return a new code, `<hostname>-xxxxx-xxxxx`, that admits `uses` accounts. Raises InvalidRequest."""
        if not 1 <= uses <= MAX_USES:
            raise InvalidRequest(f"useCount must be from 1 to {MAX_USES}")
        # The hostname's dots become dashes, so that a code is one word to whoever double-clicks it.
        code = f"{self._policy.hostname.replace('.', '-').replace(':', '-')}-{_five()}-{_five()}"

        def add(tx: Tx) -> None:
            invites.add(tx, code=code, uses=uses, for_account=for_account, now=self._minter.milliseconds())

        await self._db.write(add)
        return code


def _five() -> str:
    return "".join(choice(ALPHABET) for _ in range(5))
