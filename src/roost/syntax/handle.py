"""Handles: the domain names by which people know accounts.

Deliberately does not know which handles this server gives out, nor which top-level domains it refuses: only what the
grammar allows.
"""

import re
from typing import Final

from roost.syntax.errors import InvalidSyntax
from roost.syntax.identifier import AtIdentifier

_LABEL: Final = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HANDLE: Final = re.compile(rf"(?:{_LABEL}\.)+(?=[A-Za-z]){_LABEL}", re.ASCII)
_MAX_LENGTH: Final = 253  # the DNS's own limit on a name


class Handle(AtIdentifier, prefix=""):
    """The text of a handle, in lower case."""

    __slots__ = ()

    @classmethod
    def parse(cls, raw: object) -> "Handle":
        """The handle that the text is, lower-cased; raises InvalidSyntax (spec section 1.11)."""
        if not isinstance(raw, str):
            raise InvalidSyntax("handle", raw, "must be a string")
        if len(raw) > _MAX_LENGTH:
            raise InvalidSyntax("handle", raw, f"longer than {_MAX_LENGTH} characters")
        if _HANDLE.fullmatch(raw) is None:
            raise InvalidSyntax("handle", raw)
        # Only now: lower() turns some letters outside ASCII, the Kelvin sign for one, into letters inside it.
        return cls(raw.lower())

    @property
    def tld(self) -> str:
        """The last label, without its dot."""
        return self.rpartition(".")[2]
