"""Cursors that are places in a list: read with care, since whoever pages may send anything."""

from typing import Final

from roost.services.errors import InvalidRequest

HIGHEST: Final = 2**63 - 1
"""The highest number that a column holds."""


def number(cursor: str) -> int:
    """Return the number that a cursor is. Raises InvalidRequest."""
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 19 and int(cursor) <= HIGHEST):
        raise InvalidRequest("Malformed cursor")
    return int(cursor)


def place(cursor: str) -> tuple[int, str]:
    """Return the number and the text of a cursor `<number>::<text>`. Raises InvalidRequest."""
    first, separator, text = cursor.partition("::")
    if not separator:
        raise InvalidRequest("Malformed cursor")
    return number(first), text
