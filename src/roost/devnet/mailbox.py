"""Reads the mails a development server wrote to its directory: who got what, and the links and tokens inside.

Knows the files only: `<n>.eml`, n going up. Who writes them is no matter.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import re
from dataclasses import dataclass
from email.message import EmailMessage
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

_LINK = re.compile(r"[a-z][a-z0-9+.-]*://[^\s<>\"']+", re.ASCII)
# The form of the codes people type: XXXXX-XXXXX, base32 (4.4).
_CODE = re.compile(r"\b[A-Z2-7]{5}-[A-Z2-7]{5}\b", re.ASCII)
_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail as its reader sees it."""

    number: int
    sender: str
    to: str
    subject: str
    text: str
    html: str

    @property
    def links(self) -> list[str]:
        """Every URL in the text and in the HTML, each once, in order."""
        found = _LINK.findall(self.text) + [unescape(link) for link in _LINK.findall(self.html)]
        return list(dict.fromkeys(found))

    @property
    def tokens(self) -> list[str]:
        """Every token: what links carry as `token=`, then codes to be typed; each once."""
        carried = [token for link in self.links for token in parse_qs(urlsplit(link).query).get("token", [])]
        return list(dict.fromkeys(carried + _CODE.findall(self.text)))


class Mailbox:
    """A directory of mails."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def all(self) -> list[Letter]:
        """Return every mail, oldest first."""
        numbered = [(int(path.stem), path) for path in self._directory.glob("*.eml") if path.stem.isdecimal()]
        return [_read(number, path) for number, path in sorted(numbered)]

    def to(self, address: str) -> list[Letter]:
        """Return the mails to one address, oldest first."""
        return [letter for letter in self.all() if letter.to.casefold() == address.casefold()]

    async def wait_for(self, address: str, *, after: int = 0, seconds: float = 5.0) -> Letter:
        """Return the first mail to an address numbered above `after`, once it is there; raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while True:
                for letter in self.to(address):
                    if letter.number > after:
                        return letter
                await asyncio.sleep(_POLL_SECONDS)


def _read(number: int, path: Path) -> Letter:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(message, EmailMessage), "the default policy makes EmailMessages"
    return Letter(
        number=number,
        sender=str(message["From"]),
        to=str(message["To"]),
        subject=str(message["Subject"]),
        text=_part(message, "plain"),
        html=_part(message, "html"),
    )


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return str(part.get_content()) if isinstance(part, EmailMessage) else ""
