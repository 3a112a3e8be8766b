"""NSIDs: the names of record types and of methods.

Deliberately does not know which ones this server has a schema for.
"""

import re
from typing import Final

from roost.syntax.errors import InvalidSyntax

_LABEL: Final = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_NSID: Final = re.compile(rf"(?=[A-Za-z]){_LABEL}(?:\.{_LABEL})+\.[A-Za-z][A-Za-z0-9]{{0,62}}", re.ASCII)
# A domain name of 253, a dot, and a name of 63. The shared vectors let the domain be longer when the name is shorter.
_MAX_LENGTH: Final = 317


class Nsid(str):
    """The text of an NSID, for example `app.bsky.feed.post`."""

    __slots__ = ()

    @classmethod
    def parse(cls, raw: object) -> "Nsid":
        """The NSID that the text is, unchanged; raises InvalidSyntax (spec section 1.11)."""
        if not isinstance(raw, str):
            raise InvalidSyntax("nsid", raw, "must be a string")
        if len(raw) > _MAX_LENGTH:
            raise InvalidSyntax("nsid", raw, f"longer than {_MAX_LENGTH} characters")
        if _NSID.fullmatch(raw) is None:
            raise InvalidSyntax("nsid", raw)
        return cls(raw)

    @property
    def authority(self) -> str:
        """The domain name of whoever defines it, in the DNS's order and lower case: `feed.bsky.app`."""
        return ".".join(reversed(self.split(".")[:-1])).lower()

    @property
    def name(self) -> str:
        """The last segment: `post`."""
        return self.rpartition(".")[2]
