"""Invite codes: how an operator lets people in."""

from collections.abc import Sequence
from secrets import choice
from typing import Final

import msgspec

from roost.services.audit import Action
from roost.services.clock import Minter
from roost.services.errors import InvalidRequest
from roost.services.policy import Policy
from roost.storage import invites
from roost.storage.db import Database, Tx
from roost.storage.invites import Invite, Use
from roost.syntax import Did, InvalidSyntax

__all__ = ["Invite", "Invites", "Place", "Told", "Use", "told_of"]

ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz234567"
MAX_USES: Final = 1_000_000

MAX_CODES: Final = 1_000
"""Codes made at once: each is a row, and all of them are one transaction, which others wait for."""

ADMIN: Final = "admin"
"""In whose name a code is given out that is nobody's in particular."""

SHOWN: Final = 1000
"""Uses of one code, and codes of one account, that are told of: there may be a million."""

Place = tuple[int, str]
"""Where a code stands in a list: by its time in milliseconds, or by how many uses were taken; and by itself."""


class AccountCodes(msgspec.Struct, frozen=True):
    """Codes that were given out in the name of one account, by its DID, or of `admin`."""

    account: str
    codes: list[str]


class Told(msgspec.Struct, frozen=True):
    """A code, and whom it admitted."""

    invite: Invite
    used_by: list[Use]


class Invites:
    """Gives out codes, and takes them back."""

    def __init__(self, db: Database, policy: Policy, minter: Minter) -> None:
        self._db = db
        self._policy = policy
        self._minter = minter

    async def create(self, *, uses: int, for_account: str = ADMIN, action: Action | None = None) -> str:
        """Return a new code, `<hostname>-xxxxx-xxxxx`, that admits `uses` accounts. Raises InvalidRequest."""
        _check_uses(uses)
        code = new_code(self._policy.hostname)

        def add(tx: Tx) -> None:
            invites.add(tx, code=code, uses=uses, for_account=for_account, now=self._minter.milliseconds())
            if action is not None:
                action.about(code)
                action.note(tx, uses=uses, forAccount=for_account)

        await self._db.write(add)
        return code

    async def create_many(
        self, *, count: int, uses: int, for_accounts: Sequence[str], action: Action | None = None
    ) -> list[AccountCodes]:
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
            if action is not None:
                action.note(tx, uses=uses, codes={each.account: each.codes for each in made})

        await self._db.write(add)
        return made

    async def newest(self, *, limit: int, after: Place | None = None) -> list[Told]:
        """Return the newest codes; `after` is the place of the last one that was seen."""
        return await self._db.read(lambda tx: _told(tx, invites.newest(tx, limit, after=after)))

    async def most_used(self, *, limit: int, after: Place | None = None) -> list[Told]:
        """Return the codes of which the most uses were taken; `after` as above."""
        return await self._db.read(lambda tx: _told(tx, invites.most_used(tx, limit, after=after)))

    async def disable(self, *, codes: Sequence[str], accounts: Sequence[str], action: Action) -> int:
        """Have codes, and all given out in the names of accounts, admit nobody; return how many that changed.

        Those that there are not are passed over. Raises InvalidRequest for the codes of `admin`: they are everybody's.
        """
        if ADMIN in accounts:
            raise InvalidRequest("cannot disable admin invite codes")
        owners = [_did(text) for text in accounts]

        def disable(tx: Tx) -> int:
            changed = sum([invites.disable(tx, code) for code in codes])
            changed += sum([invites.disable_of(tx, did) for did in owners])
            action.note(tx, codes=list(codes), accounts=owners, disabled=changed)
            return changed

        return await self._db.write(disable)


def new_code(hostname: str) -> str:
    """Return a code that nobody has: the hostname's dots become dashes, so that a double-click takes all of it."""
    return f"{hostname.replace('.', '-').replace(':', '-')}-{_five()}-{_five()}"


def _check_uses(uses: int) -> None:
    if not 1 <= uses <= MAX_USES:
        raise InvalidRequest(f"useCount must be from 1 to {MAX_USES}")


def told_of(tx: Tx, did: Did) -> tuple[Told | None, list[Told]]:
    """Return the code that admitted an account, if there is one, and those that were given out in its name."""
    admitted = invites.that_admitted(tx, did)
    own = _told(tx, invites.of_account(tx, did, SHOWN))
    return None if admitted is None else _told(tx, [admitted])[0], own


def _told(tx: Tx, found: list[Invite]) -> list[Told]:
    return [Told(invite, invites.uses_of(tx, invite.code, SHOWN)) for invite in found]


def _did(text: str) -> Did:
    try:
        return Did.parse(text)
    except InvalidSyntax as error:
        raise InvalidRequest(str(error)) from None


def _five() -> str:
    return "".join(choice(ALPHABET) for _ in range(5))
