"""URIs in general: a scheme, a colon, and something without spaces.

Deliberately does not know any scheme's own grammar, nor whether anything answers there.
"""

import re
from typing import Final

from roost.syntax.errors import InvalidSyntax

# Not re.ASCII: `\s` must refuse every space, not just ASCII's. Only ASCII letters and digits are spelled out.
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,80}:[^\s\x00-\x1f\x7f]+")
_MAX_BYTES: Final = 8192  # the specification's: 8 KiB


class Uri(str):
    """The text of a URI."""

    __slots__ = ()

    @classmethod
    def parse(cls, raw: object) -> "Uri":
        """The URI that the text is, unchanged; raises InvalidSyntax (spec section 1.11)."""
        if not isinstance(raw, str):
            raise InvalidSyntax("uri", raw, "must be a string")
        if len(raw) > _MAX_BYTES or len(raw.encode("utf-8", "surrogatepass")) > _MAX_BYTES:
            raise InvalidSyntax("uri", raw, f"longer than {_MAX_BYTES} bytes")
        if _URI.fullmatch(raw) is None:
            raise InvalidSyntax("uri", raw)
        return cls(raw)
