"""Language tags: BCP 47, by the grammar of RFC 5646 and the rules of well-formedness that need no registry.

The shared vectors are stricter than the RFC in one point, and rule: a primary language is in lower case. Deliberately
does not know which languages, scripts and regions exist.
"""

import re
from typing import Final

from roost.syntax.errors import InvalidSyntax

# RFC 5646 section 2.1: the old tags that its grammar proper does not cover.
_IRREGULAR: Final = re.compile(
    r"en-GB-oed|sgn-(?:BE-FR|BE-NL|CH-DE)"
    r"|i-(?:ami|bnn|default|enochian|hak|klingon|lux|mingo|navajo|pwn|tao|tay|tsu)",
    re.ASCII | re.IGNORECASE,
)
_LANGTAG: Final = re.compile(
    r"(?:[a-z]{2,3}(?:-[A-Za-z]{3}){0,3}|[a-z]{5,8})"  # four letters are reserved
    r"(?:-[A-Za-z]{4})?"  # script
    r"(?:-(?:[A-Za-z]{2}|\d{3}))?"  # region
    r"(?P<variants>(?:-(?:[A-Za-z0-9]{5,8}|\d[A-Za-z0-9]{3}))*)"
    r"(?P<extensions>(?:-[0-9A-WYZa-wyz](?:-[A-Za-z0-9]{2,8})+)*)"
    r"(?:-[xX](?:-[A-Za-z0-9]{1,8})+)?",
    re.ASCII,
)
_PRIVATE: Final = re.compile(r"[xX](?:-[A-Za-z0-9]{1,8})+", re.ASCII)
_MAX_LENGTH: Final = 128  # the RFC has no limit; every tag in its registry is under 40


class Language(str):
    """The text of a language tag."""

    __slots__ = ()

    @classmethod
    def parse(cls, raw: object) -> "Language":
        """The language tag that the text is, unchanged; raises InvalidSyntax (spec section 1.11, RFC 5646 2.2.9)."""
        if not isinstance(raw, str):
            raise InvalidSyntax("language", raw, "must be a string")
        if len(raw) > _MAX_LENGTH:
            raise InvalidSyntax("language", raw, f"longer than {_MAX_LENGTH} characters")
        match = _LANGTAG.fullmatch(raw)
        if match is None:
            if _PRIVATE.fullmatch(raw) is None and _IRREGULAR.fullmatch(raw) is None:
                raise InvalidSyntax("language", raw)
        elif _repeats(match["variants"]) or _repeats_singleton(match["extensions"]):
            raise InvalidSyntax("language", raw, "a variant or an extension is repeated")
        return cls(raw)


def _repeats(variants: str) -> bool:
    subtags = variants.lower().split("-")[1:]
    return len(subtags) != len(set(subtags))


def _repeats_singleton(extensions: str) -> bool:
    singletons = [subtag for subtag in extensions.lower().split("-") if len(subtag) == 1]
    return len(singletons) != len(set(singletons))
