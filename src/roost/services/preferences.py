"""What an account has set in its apps, kept for it by its host (spec section 1.7).

Nobody else reads them but moderators, and an app password does not read all. It deliberately does not know what a
preference means, but for the day of birth, of which apps are told no more than whether somebody is old enough.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final

import orjson

from roost.data import json
from roost.data.value import Value
from roost.services.caller import Caller, Scope
from roost.services.clock import Minter
from roost.services.errors import AccountNotFound, AccountTakedown, InvalidRequest, UnknownAccount
from roost.storage import accounts, preferences
from roost.storage.db import Database, Tx
from roost.syntax import Datetime, Did, InvalidSyntax

NAMESPACE: Final = "app.bsky"
PERSONAL: Final = "app.bsky.actor.defs#personalDetailsPref"
"""The day of birth: for whoever knows the account's own password."""

AGE: Final = "app.bsky.actor.defs#declaredAgePref"
"""What follows of it, for everybody; it is worked out each time, and never kept."""

AGES: Final = (13, 16, 18)

Preference = dict[str, object]


class Preferences:
    """Keeps preferences."""

    def __init__(self, db: Database, minter: Minter) -> None:
        self._db = db
        self._minter = minter

    async def get(self, caller: Caller) -> list[Preference]:
        """Return the caller's preferences in their order, as JSON has them."""
        return self._shown(await self._db.read(lambda tx: _kept(tx, caller.account)), full=_is_full(caller))

    async def of(self, did: Did) -> list[Preference]:
        """Return all the preferences of an account, whatever its state: for moderators. Raises UnknownAccount."""

        def read(tx: Tx) -> list[Preference]:
            account = accounts.by_did(tx, did)
            if account is None:
                raise UnknownAccount(f"Account not found: {did}")
            return _kept(tx, account.id)

        return self._shown(await self._db.read(read), full=True)

    def _shown(self, kept: list[Preference], *, full: bool) -> list[Preference]:
        """Return preferences with what follows of the day of birth, and without that unless in `full`."""
        shown = [each for each in kept if each["$type"] != PERSONAL or full]
        born = next((each.get("birthDate") for each in kept if each["$type"] == PERSONAL), None)
        age = _age(born, self._today())
        return shown if age is None else [*shown, {"$type": AGE} | {f"isOverAge{n}": age >= n for n in AGES}]

    async def put(self, caller: Caller, wanted: Sequence[dict[str, Value]]) -> None:
        """Replace the caller's preferences by those; what it may not see stays as it is.

        Raises InvalidRequest, AccountTakedown, AccountNotFound.
        """
        types = [_type(each) for each in wanted]
        if any(type.split(".")[:2] != NAMESPACE.split(".") for type in types):
            raise InvalidRequest(f"Some preferences are not in the {NAMESPACE} namespace")
        if PERSONAL in types and not _is_full(caller):
            raise InvalidRequest(f"Do not have authorization to set preferences: {PERSONAL}")
        new = [json.to_json(each) for each, type in zip(wanted, types, strict=True) if type != AGE]

        def put(tx: Tx) -> None:
            account = accounts.by_id(tx, caller.account)
            if account is None:
                raise AccountNotFound("Account not found")
            if account.status == "takendown":
                raise AccountTakedown("Account has been taken down")
            hidden = [] if _is_full(caller) else [p for p in _kept(tx, caller.account) if p["$type"] == PERSONAL]
            preferences.put(tx, caller.account, orjson.dumps([*hidden, *new]))

        await self._db.write(put)

    def _today(self) -> date:
        return datetime.fromtimestamp(self._minter.milliseconds() / 1000, UTC).date()


def _kept(tx: Tx, account: int) -> list[Preference]:
    found = preferences.get(tx, account)
    kept: list[Preference] = [] if found is None else orjson.loads(found)
    return kept


def _is_full(caller: Caller) -> bool:
    return caller.scope is Scope.ACCESS


def _type(preference: dict[str, Value]) -> str:
    type = preference.get("$type")
    if not isinstance(type, str) or not type:
        raise InvalidRequest("Preference is missing a $type")
    return type


def _age(born: object, today: date) -> int | None:
    """Return the whole years since a day of birth, None without one that is a day."""
    try:
        day = Datetime.parse(born).instant()
    except InvalidSyntax:
        return None
    return today.year - day.year - ((today.month, today.day) < (day.month, day.day))
