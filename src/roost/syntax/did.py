"""DIDs: the permanent names of accounts.

Deliberately does not know which methods exist, nor how to resolve one: any DID is a DID here (spec section 1.11).
"""

import re
from typing import Final

from roost.syntax.errors import InvalidSyntax
from roost.syntax.identifier import AtIdentifier

_DID: Final = re.compile(r"did:[a-z]+:[A-Za-z0-9._:%-]*[A-Za-z0-9._-]", re.ASCII)
_MAX_LENGTH: Final = 2048  # the specification's hard limit, so that a DID fits a database key or a URL


class Did(AtIdentifier, prefix="did:"):
    """The text of a DID, for example `did:plc:ewvi7nxzyoun6zhxrhs64oiz`."""

    __slots__ = ()

    @classmethod
    def parse(cls, raw: object) -> "Did":
        """The DID that the text is, unchanged: DIDs are case-sensitive; raises InvalidSyntax (spec section 1.11)."""
        if not isinstance(raw, str):
            raise InvalidSyntax("did", raw, "must be a string")
        if len(raw) > _MAX_LENGTH:
            raise InvalidSyntax("did", raw, f"longer than {_MAX_LENGTH} characters")
        if _DID.fullmatch(raw) is None:
            raise InvalidSyntax("did", raw)
        return cls(raw)

    @property
    def method(self) -> str:
        """The method's name, such as `plc` or `web`."""
        return self.split(":", 2)[1]
