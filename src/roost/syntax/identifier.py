"""A DID or a handle: whatever the protocol's `at-identifier` may be.

Deliberately does not know the grammar of either: each says how its own text begins when it declares itself.
"""

from typing import ClassVar

from roost.syntax.errors import InvalidSyntax


class AtIdentifier(str):
    """The text of an account's DID or handle."""

    __slots__ = ()
    # A base class cannot import what derives from it, so Did and Handle enter themselves here: prefix to class.
    _kinds: ClassVar[dict[str, type["AtIdentifier"]]] = {}

    def __init_subclass__(cls, *, prefix: str) -> None:
        super().__init_subclass__()
        AtIdentifier._kinds[prefix] = cls

    @classmethod
    def parse(cls, raw: object) -> "AtIdentifier":
        """The Did or the Handle that the text is; raises InvalidSyntax (spec section 1.11)."""
        if not isinstance(raw, str):
            raise InvalidSyntax("at-identifier", raw, "must be a string")
        prefix = "did:" if raw.startswith("did:") else ""
        return AtIdentifier._kinds[prefix].parse(raw)
