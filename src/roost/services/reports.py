"""Reports to the moderators of a server that has no service for them: kept here, for the operator to read.

With a service in the settings, or named by the client, reports go there and never come here (`roost.http.proxy`).
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import orjson
import structlog

from roost.data.value import Value
from roost.services.caller import Caller
from roost.services.clock import Minter
from roost.services.errors import AccountNotFound, InvalidRequest, TooManyRequests
from roost.storage import accounts, reports
from roost.storage.db import Database, Tx
from roost.storage.reports import Report

__all__ = ["Listing", "Report", "Reports"]

log = structlog.get_logger(__name__)

REPORTS_A_DAY: Final = 100
"""Reports that one account may make in a day: more than anybody writes, and few enough to be read."""

SHOWN: Final = 500
"""Reports that are listed; each has up to 20 kilobytes."""

SUBJECTS: Final = {
    "com.atproto.admin.defs#repoRef": ("did",),
    "com.atproto.repo.strongRef": ("uri", "cid"),
}
"""What a report can be about, with the fields that say which."""

_DAY: Final = 24 * 60 * 60 * 1000


class Listing(msgspec.Struct, frozen=True):
    """Reports, the last one first."""

    reports: Sequence[Report]


class Reports:
    """Keeps reports."""

    def __init__(self, db: Database, minter: Minter) -> None:
        self._db = db
        self._minter = minter

    async def create(
        self, caller: Caller, *, reason_type: str, reason: str | None, subject: Mapping[str, Value]
    ) -> Report:
        """Keep a report, whatever the state of the account that makes it: it may be an appeal.

        Raises InvalidRequest for a subject that is neither an account nor a record, TooManyRequests, AccountNotFound.
        """
        about = _about(subject)
        now = self._minter.milliseconds()

        def add(tx: Tx) -> Report:
            if accounts.by_id(tx, caller.account) is None:
                raise AccountNotFound("Account not found")
            before = reports.times_since(tx, caller.account, now - _DAY)
            if len(before) >= REPORTS_A_DAY:
                wait = (before[-REPORTS_A_DAY] + _DAY - now) // 1000 + 1
                raise TooManyRequests(f"No more than {REPORTS_A_DAY} reports a day", retry_after=wait)
            return reports.add(
                tx, caller.account, did=caller.did, reason_type=reason_type, reason=reason, subject=about, now=now
            )

        made = await self._db.write(add)
        log.info("a report was made", id=made.id, by=made.did, reason_type=made.reason_type, subject=made.subject)
        return made

    async def shown(self) -> Listing:
        """Return the reports that an operator is shown: the newest, the last one first."""
        return Listing(await self._db.read(lambda tx: reports.newest(tx, SHOWN)))


def _about(subject: Mapping[str, Value]) -> str:
    """Return what a report is about as JSON, without what else was sent along."""
    type = subject.get("$type")
    fields = SUBJECTS.get(type) if isinstance(type, str) else None
    if fields is None:
        raise InvalidRequest(f"The subject of a report is one of {', '.join(SUBJECTS)}")
    return orjson.dumps({"$type": type} | {name: str(subject[name]) for name in fields}).decode()
