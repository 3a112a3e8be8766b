"""Reads the fields of a JSON object one by one, with an error that says where and what was expected.

It does not know the Lexicon language: which fields exist and what they mean is for schema.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

from roost.lexicon.errors import InvalidLexicon, Path

T = TypeVar("T", str, int)

WORDS: Final = {str: "strings", int: "integers"}
"""How a message names the elements of an array."""


@dataclass(frozen=True, slots=True)
class Fields:
    """A JSON object and where in the document it stands. Each reader raises InvalidLexicon."""

    raw: dict[object, object]
    path: Path

    @staticmethod
    def of(raw: object, path: Path) -> "Fields":
        """Take a decoded JSON value that has to be an object."""
        if not isinstance(raw, dict):
            raise InvalidLexicon(path, "must be an object")
        return Fields(raw, path)

    def wrong(self, name: str, why: str) -> InvalidLexicon:
        """Return the error for a field, to be raised."""
        return InvalidLexicon((*self.path, name), why)

    def has(self, name: str) -> bool:
        """Tell whether the field is there at all."""
        return name in self.raw

    def text(self, name: str) -> str | None:
        """Read an optional string."""
        value = self.raw.get(name)
        if name in self.raw and not isinstance(value, str):
            raise self.wrong(name, "must be a string")
        return value if isinstance(value, str) else None

    def needed_text(self, name: str) -> str:
        """Read a string that has to be there and may not be empty."""
        value = self.text(name)
        if not value:
            raise self.wrong(name, "must be a string that is not empty")
        return value

    def number(self, name: str) -> int | None:
        """Read an optional integer. JSON's true is not one, though Python's True is."""
        value = self.raw.get(name)
        if name in self.raw and type(value) is not int:
            raise self.wrong(name, "must be an integer")
        return value if isinstance(value, int) else None

    def size(self, name: str) -> int | None:
        """Read an optional integer that counts something."""
        value = self.number(name)
        if value is not None and value < 0:
            raise self.wrong(name, "must not be negative")
        return value

    def flag(self, name: str) -> bool | None:
        """Read an optional boolean."""
        value = self.raw.get(name)
        if name in self.raw and not isinstance(value, bool):
            raise self.wrong(name, "must be a boolean")
        return value if isinstance(value, bool) else None

    def texts(self, name: str) -> tuple[str, ...]:
        """Read an optional array of strings; absent is empty."""
        return self._many(name, str)

    def numbers(self, name: str) -> tuple[int, ...]:
        """Read an optional array of integers; absent is empty."""
        return self._many(name, int)

    def _many(self, name: str, kind: type[T]) -> tuple[T, ...]:
        return tuple(self._of_kind(name, item, kind) for item in self._array(name))

    def _of_kind(self, name: str, item: object, kind: type[T]) -> T:
        # `type(...) is`, so that true is not taken for an integer.
        if type(item) is not kind:
            raise self.wrong(name, f"must be an array of {WORDS[kind]}")
        return item

    def _array(self, name: str) -> list[object]:
        value = self.raw.get(name, [])
        if not isinstance(value, list):
            raise self.wrong(name, "must be an array")
        return value

    def child(self, name: str) -> "Fields":
        """Read an object that has to be there."""
        if name not in self.raw:
            raise self.wrong(name, "is missing")
        return Fields.of(self.raw[name], (*self.path, name))

    def elements(self, name: str) -> Iterator["Fields"]:
        """Read an optional array of objects."""
        for position, item in enumerate(self._array(name)):
            yield Fields.of(item, (*self.path, name, position))

    def members(self) -> Iterator[tuple[str, "Fields"]]:
        """Read this object as a map from names to objects."""
        for name, item in self.raw.items():
            if not isinstance(name, str):
                raise InvalidLexicon(self.path, "must have strings for keys")
            yield name, Fields.of(item, (*self.path, name))

    def words(self, name: str) -> dict[str, str]:
        """Read an optional map from strings to strings."""
        if name not in self.raw:
            return {}
        inner = self.child(name)
        return {key: inner.needed_text(key) for key in map(str, inner.raw)}
