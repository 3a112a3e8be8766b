"""AT URIs: `at://` and an account, a collection of its repository, or a record.

This is the strict form that lexicons and requests use: no query, no fragment, no trailing slash. Deliberately does
not know whether what is named exists.
"""

from typing import Final

from roost.syntax.errors import InvalidSyntax
from roost.syntax.identifier import AtIdentifier
from roost.syntax.nsid import Nsid
from roost.syntax.rkey import RecordKey

_SCHEME: Final = "at://"
_MAX_LENGTH: Final = 8192  # the specification's: 8 KiB


class AtUri(str):
    """The text of an AT URI."""

    __slots__ = ()

    @classmethod
    def parse(cls, raw: object) -> "AtUri":
        """The AT URI that the text is, unchanged; raises InvalidSyntax (spec section 1.11)."""
        if not isinstance(raw, str):
            raise InvalidSyntax("at-uri", raw, "must be a string")
        if len(raw) > _MAX_LENGTH or not raw.startswith(_SCHEME):
            raise InvalidSyntax("at-uri", raw)
        authority, *path = raw[len(_SCHEME) :].split("/", 3)
        try:
            AtIdentifier.parse(authority)
            if path:
                Nsid.parse(path[0])
            if len(path) > 1:
                RecordKey.parse(path[1])
        except InvalidSyntax as why:
            raise InvalidSyntax("at-uri", raw, str(why)) from why
        if len(path) > 2:
            raise InvalidSyntax("at-uri", raw, "more than a collection and a record key")
        return cls(raw)

    @classmethod
    def of(cls, authority: AtIdentifier, collection: Nsid | None = None, rkey: RecordKey | None = None) -> "AtUri":
        """The AT URI of an account, a collection or a record."""
        assert collection is not None or rkey is None, "a record key stands in a collection"
        if collection is None:
            return cls(_SCHEME + authority)
        if rkey is None:
            return cls(f"{_SCHEME}{authority}/{collection}")
        return cls(f"{_SCHEME}{authority}/{collection}/{rkey}")

    @classmethod
    def at(cls, authority: AtIdentifier, path: str) -> "AtUri":
        """The AT URI of the record at a path, `collection/rkey`, of an account's repository."""
        return cls(f"{_SCHEME}{authority}/{path}")

    @property
    def authority(self) -> AtIdentifier:
        """Whose repository."""
        return AtIdentifier.parse(self.split("/", 3)[2])

    @property
    def collection(self) -> Nsid | None:
        """Which collection, or None when the URI names the whole repository."""
        parts = self.split("/", 4)
        return Nsid(parts[3]) if len(parts) > 3 else None

    @property
    def rkey(self) -> RecordKey | None:
        """Which record, or None when the URI names a collection or a repository."""
        parts = self.split("/", 4)
        return RecordKey(parts[4]) if len(parts) > 4 else None
