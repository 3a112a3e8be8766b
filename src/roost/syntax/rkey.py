"""Record keys: the last part of a record's path.

Deliberately does not know which kind of key (`tid`, `literal:self`, …) a record type demands: that is its lexicon's
word.
"""

import re
from typing import Final

from roost.syntax.errors import InvalidSyntax

_RECORD_KEY: Final = re.compile(r"[A-Za-z0-9_~.:-]{1,512}", re.ASCII)


class RecordKey(str):
    """The text of a record key."""

    __slots__ = ()

    @classmethod
    def parse(cls, raw: object) -> "RecordKey":
        """The record key that the text is, unchanged; raises InvalidSyntax (spec section 1.11)."""
        if not isinstance(raw, str):
            raise InvalidSyntax("record-key", raw, "must be a string")
        # `.` and `..` would be eaten by whoever normalises a path in a URL.
        if raw in {".", ".."} or _RECORD_KEY.fullmatch(raw) is None:
            raise InvalidSyntax("record-key", raw)
        return cls(raw)
