"""TIDs: timestamps that are record keys and revisions, and sort as text in the order of time (spec section 6.2).

A TID is 64 bits as 13 characters: a zero bit, 53 bits of microseconds since 1970, 10 bits that tell clocks apart.
Deliberately does not know what time it is.
"""

import re
from typing import Final

from roost.syntax.errors import InvalidSyntax

_TID: Final = re.compile(r"[2-7a-j][2-7a-z]{12}", re.ASCII)
_ALPHABET: Final = "234567abcdefghijklmnopqrstuvwxyz"
_TO_DIGITS: Final = str.maketrans(_ALPHABET, "0123456789abcdefghijklmnopqrstuv")  # which int(…, 32) reads
_PAIRS: Final = [high + low for high in _ALPHABET for low in _ALPHABET]
_MAX_MICROS: Final = 2**53 - 1
_CLOCK_IDS: Final = 2**10


class Tid(str):
    """The text of a TID."""

    __slots__ = ()

    @classmethod
    def parse(cls, raw: object) -> "Tid":
        """The TID that the text is; raises InvalidSyntax (spec section 1.11)."""
        if not isinstance(raw, str):
            raise InvalidSyntax("tid", raw, "must be a string")
        if _TID.fullmatch(raw) is None:
            raise InvalidSyntax("tid", raw)
        return cls(raw)

    @classmethod
    def of(cls, micros: int, clock_id: int) -> "Tid":
        """The TID of a time, in microseconds since 1970, on one of 1024 clocks; raises InvalidSyntax after 2255."""
        if not (0 <= micros <= _MAX_MICROS and 0 <= clock_id < _CLOCK_IDS):
            raise InvalidSyntax("tid", f"{micros} {clock_id}", "53 bits of microseconds and 10 of clock")
        return cls(
            _ALPHABET[micros >> 50]
            + _PAIRS[micros >> 40 & 1023]
            + _PAIRS[micros >> 30 & 1023]
            + _PAIRS[micros >> 20 & 1023]
            + _PAIRS[micros >> 10 & 1023]
            + _PAIRS[micros & 1023]
            + _PAIRS[clock_id]
        )

    @property
    def micros(self) -> int:
        """The time, in microseconds since 1970."""
        return int(self.translate(_TO_DIGITS), 32) >> 10

    @property
    def clock_id(self) -> int:
        """Which clock told the time."""
        return int(self.translate(_TO_DIGITS), 32) & 1023


def next_tid(now_micros: int, clock_id: int, after: Tid | None) -> Tid:
    """The TID of now, or of the microsecond after `after` when the clock has not passed it: always the greater one.

    Raises InvalidSyntax when `after` is at the end of time (spec section 6.2).
    """
    tid = Tid.of(now_micros, clock_id)
    # They are compared as text: to read the time of `after` takes longer than to make a TID.
    return tid if after is None or tid > after else Tid.of(after.micros + 1, clock_id)
