"""Datetimes as the protocol writes them: what RFC 3339, ISO 8601 and the web's own format have in common.

The grammar is written out, because the standard library's parser takes forms that the protocol forbids and refuses
some that it allows. Deliberately does not know what time it is.
"""

import datetime as dt
import re
from calendar import monthrange
from typing import Final

from roost.syntax.errors import InvalidSyntax

_DATETIME: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|(?!-00:00)([+-])(\d\d):(\d\d))", re.ASCII
)
_MAX_LENGTH: Final = 64  # the specification's: room for absurd precision, not for abuse
_DAY: Final = 24 * 60  # minutes


class Datetime(str):
    """The text of a datetime: it may be in any zone, and of any precision."""

    __slots__ = ()

    @classmethod
    def parse(cls, raw: object) -> "Datetime":
        """The datetime that the text is, unchanged, if it is one; raises InvalidSyntax (spec section 1.11)."""
        _fields(raw)
        return cls(raw)

    def instant(self) -> dt.datetime:
        """The moment, in UTC, cut to microseconds; raises InvalidSyntax for the year 0, which Python does not have."""
        year, month, day, hour, minute, second, fraction, offset = _fields(self)
        micro = int(fraction[:6].ljust(6, "0"))
        try:
            local = dt.datetime(year, month, day, hour, minute, second, micro, tzinfo=dt.UTC)
            return local - dt.timedelta(minutes=offset)
        except (ValueError, OverflowError) as why:
            raise InvalidSyntax("datetime", self, "before the year 1") from why


def now_text(t: dt.datetime) -> Datetime:
    """An aware datetime as the protocol prefers it: UTC, in milliseconds, with a `Z`."""
    assert t.tzinfo is not None, "a naive datetime is no moment in time"
    return Datetime(t.astimezone(dt.UTC).isoformat(timespec="milliseconds")[:-6] + "Z")


def _fields(raw: object) -> tuple[int, int, int, int, int, int, str, int]:
    """Year, month, day, hour, minute, second, the fraction's digits, and the zone's offset in minutes."""
    if not isinstance(raw, str):
        raise InvalidSyntax("datetime", raw, "must be a string")
    match = _DATETIME.fullmatch(raw) if len(raw) <= _MAX_LENGTH else None
    if match is None:
        raise InvalidSyntax("datetime", raw)
    year, month, day, hour, minute, second = map(int, match.group(1, 2, 3, 4, 5, 6))
    fraction, sign, zone_hour, zone_minute = match.group(7, 8, 9, 10)
    if not (1 <= month <= 12 and 1 <= day <= _days(year, month) and hour < 24 and minute < 60 and second < 60):
        raise InvalidSyntax("datetime", raw, "not on the calendar")
    offset = 0
    if sign is not None:
        if int(zone_hour) > 23 or int(zone_minute) > 59:
            raise InvalidSyntax("datetime", raw, "no such time zone")
        offset = int(sign + "1") * (int(zone_hour) * 60 + int(zone_minute))
        _check_year(raw, (year, month, day), hour * 60 + minute - offset)
    return year, month, day, hour, minute, second, fraction or "", offset


def _days(year: int, month: int) -> int:
    return monthrange(year or 400, month)[1]  # the year 0 is a leap year, as 400 is; the calendar module begins at 1


def _check_year(raw: str, date: tuple[int, int, int], minute: int) -> None:
    """In UTC the year must still be 0 to 9999: elsewhere the text could not be written as the protocol prefers it."""
    if (date == (0, 1, 1) and minute < 0) or (date == (9999, 12, 31) and minute >= _DAY):
        raise InvalidSyntax("datetime", raw, "the year is not 0 to 9999 in UTC")
