"""Words that no handle and no record key may hold: those that the operator lists, and none without a list (7.4, 1.9.1).

It deliberately brings no words of its own: which are slurs, in which languages and for whom, is not a program's to say.
"""

from collections.abc import Iterable

import msgspec

from roost.services.errors import InvalidHandle, InvalidRequest
from roost.syntax import Handle, InvalidSyntax, RecordKey, Tid

SEPARATORS = str.maketrans("", "", ".-_")
"""What somebody puts between letters so that a word is not found."""


class BlockedWords(msgspec.Struct, frozen=True):
    """A list of words; `sizes` are how long they are."""

    words: frozenset[str] = frozenset()
    sizes: tuple[int, ...] = ()

    @classmethod
    def of(cls, words: Iterable[str]) -> "BlockedWords":
        """Take words as somebody has written them."""
        plain = frozenset(_plain(word) for word in words) - {""}
        return cls(plain, tuple(sorted({len(word) for word in plain})))

    def check_handle(self, handle: Handle) -> None:
        """Refuse a handle with one of them in it; raises InvalidHandle."""
        if self._in(handle):
            raise InvalidHandle("Inappropriate language in handle")

    def check_rkey(self, rkey: RecordKey) -> None:
        """Refuse a record key with one of them in it; raises InvalidRequest."""
        if self._in(rkey) and not _is_tid(rkey):
            raise InvalidRequest("Unacceptable slur in record key")

    def _in(self, text: str) -> bool:
        if not self.words:
            return False
        plain = _plain(text)
        # A look-up for each part that could be one: there may be thousands of words, and a key is short.
        return any(plain[at : at + size] in self.words for size in self.sizes for at in range(len(plain) - size + 1))


def _plain(text: str) -> str:
    return text.lower().translate(SEPARATORS)


def _is_tid(rkey: RecordKey) -> bool:
    """Tell whether a key is a time, whose letters mean nothing: one in some thousand has any given short word in it."""
    try:
        Tid.parse(rkey)
    except InvalidSyntax:
        return False
    return True
