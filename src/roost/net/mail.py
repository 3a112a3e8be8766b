"""Sending mail: through an SMTP server, or into a directory for development and tests.

Knows how a mail is put together, not what it says or to whom; whether a failure matters is the sender's business.
"""

from __future__ import annotations

import asyncio
import email.utils
import os
import secrets
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

import aiosmtplib

from roost.net.errors import MailNotSent

# SMTP servers may take minutes over a message (RFC 5321 4.5.3.2); no caller of ours waits for that.
_SMTP_TIMEOUT = 20.0
_SMTP_PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class Mail:
    """What is to be said, in plain text and in HTML, to one address."""

    to: str
    subject: str
    text: str
    html: str


class Mailer(Protocol):
    """Anything that takes mail."""

    async def send(self, mail: Mail) -> None:
        """Hand one mail over; raises MailNotSent."""
        ...


def token_link(url: str, token: str) -> str:
    """Return the link a mail carries: `{url}?token=…`, keeping whatever query the URL has."""
    parts = urlsplit(url)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), ("token", token)])
    return urlunsplit(parts._replace(query=query))


def message_of(mail: Mail, *, sender: str) -> EmailMessage:
    """Put a mail together as multipart/alternative with a date and an id of its own; raises MailNotSent.

    A line break in an address or a subject would start a header of its own; the library refuses most of them.
    """
    message = EmailMessage(policy=SMTP)
    if any(line_break in header for header in (mail.to, mail.subject) for line_break in "\r\n"):
        raise MailNotSent("A line break in an address or a subject")
    try:
        message["Subject"] = mail.subject
        message["From"] = sender
        message["To"] = mail.to
        message["Date"] = email.utils.localtime()
        # make_msgid would ask DNS for this machine's name, which blocks and tells.
        message["Message-ID"] = f"<{secrets.token_hex(16)}@{_domain(sender)}>"
        message["Auto-Submitted"] = "auto-generated"  # no vacation notices, please (RFC 3834)
        message.set_content(mail.text)
        message.add_alternative(mail.html, subtype="html")
    except (ValueError, IndexError) as error:
        raise MailNotSent(f"Not a mail: {error}") from None
    return message


def _domain(sender: str) -> str:
    address = email.utils.parseaddr(sender)[1]
    return address.rpartition("@")[2] or "localhost"


class SmtpMailer:
    """Sends through the server of a URL: smtps:// is TLS from the start (465), smtp:// STARTTLS if offered (587)."""

    def __init__(self, url: str, *, sender: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in _SMTP_PORTS or not parts.hostname:
            raise ValueError("The SMTP URL must be smtp://… or smtps://user:password@host:port")
        self._sender = sender
        self._host = parts.hostname
        self._port = parts.port or _SMTP_PORTS[parts.scheme]
        self._tls = parts.scheme == "smtps"
        self._username = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None

    async def send(self, mail: Mail) -> None:
        """Deliver to the server over a connection of its own; raises MailNotSent."""
        message = message_of(mail, sender=self._sender)
        try:
            await aiosmtplib.send(
                message,
                hostname=self._host,
                port=self._port,
                use_tls=self._tls,
                username=self._username,
                password=self._password,
                timeout=_SMTP_TIMEOUT,
            )
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailNotSent(f"{self._host} did not take the mail: {error}") from error


class NoMailer:
    """Stands where no way to send mail was configured: every mail fails, and says what to set."""

    async def send(self, mail: Mail) -> None:
        """Raise MailNotSent."""
        raise MailNotSent(f"No mail can be sent, so none went to {mail.to}: set ROOST_SMTP_URL and ROOST_MAIL_FROM")


class DirectoryMailer:
    """Writes each mail to `directory/<n>.eml`; n goes up and goes on after a restart."""

    def __init__(self, directory: Path, *, sender: str) -> None:
        self._directory = directory
        self._sender = sender

    async def send(self, mail: Mail) -> None:
        """Write the mail whole or not at all; raises MailNotSent."""
        content = bytes(message_of(mail, sender=self._sender))
        try:
            await asyncio.to_thread(self._write, content)
        except OSError as error:
            raise MailNotSent(f"The mail cannot be written: {error}") from error

    def _write(self, content: bytes) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        draft = self._directory / f".{secrets.token_hex(8)}.draft"
        draft.write_bytes(content)
        try:
            number = 1 + max(
                (int(path.stem) for path in self._directory.glob("*.eml") if path.stem.isdecimal()), default=0
            )
            # link fails where rename would overwrite, so of two writers with one number the second takes the next.
            while not _linked(draft, self._directory / f"{number}.eml"):
                number += 1
        finally:
            draft.unlink()


def _linked(source: Path, target: Path) -> bool:
    try:
        os.link(source, target)
    except FileExistsError:
        return False
    return True
