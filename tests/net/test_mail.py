"""Mail: how it is put together, and where it goes."""

from __future__ import annotations

import asyncio
import email
import email.policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from roost.net.errors import MailNotSent
from roost.net.mail import DirectoryMailer, Mail, SmtpMailer, message_of, token_link

pytestmark = pytest.mark.anyio

SENDER = "Roost <noreply@pds.test>"
MAIL = Mail(
    to="alice@example.com",
    subject="Password Reset Requested",
    text="Follow https://pds.test/reset?token=abc",
    html='<p>Follow <a href="https://pds.test/reset?token=abc">this</a></p>',
)


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("app://password-reset", "app://password-reset?token=a.b-c"),
        ("https://pds.test/reset", "https://pds.test/reset?token=a.b-c"),
        ("https://pds.test/reset?lang=de", "https://pds.test/reset?lang=de&token=a.b-c"),
        ("https://pds.test/#/reset", "https://pds.test/?token=a.b-c#/reset"),
    ],
)
def test_token_link(url: str, link: str) -> None:
    """A link is the configured URL with the token in its query, whatever else that has."""
    assert token_link(url, "a.b-c") == link


def test_message_has_what_a_mail_needs() -> None:
    """Subject, addresses, date and id are there, and text comes before HTML."""
    message = message_of(MAIL, sender=SENDER)

    assert (message["Subject"], message["From"], message["To"]) == (MAIL.subject, SENDER, MAIL.to)
    assert message["Date"] is not None
    assert str(message["Message-ID"]).endswith("@pds.test>")
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


def test_messages_have_ids_of_their_own() -> None:
    """The same mail sent twice is two mails."""
    first, second = (message_of(MAIL, sender=SENDER) for _ in range(2))

    assert first["Message-ID"] != second["Message-ID"]


@pytest.mark.parametrize("change", [{"to": "a@b.c\nBcc: d@e.f"}, {"subject": "Hello\r\nX-Evil: 1"}, {"to": "a@@b\n"}])
def test_line_breaks_cannot_add_headers(change: dict[str, str]) -> None:
    """Text from a user cannot become a header."""
    fields = {"to": MAIL.to, "subject": MAIL.subject, "text": MAIL.text, "html": MAIL.html}

    with pytest.raises(MailNotSent):
        message_of(Mail(**{**fields, **change}), sender=SENDER)


async def test_directory_counts_up(tmp_path: Path) -> None:
    """Each mail is a file, numbered from 1."""
    mailer = DirectoryMailer(tmp_path / "mail", sender=SENDER)

    await mailer.send(MAIL)
    await mailer.send(MAIL)

    assert sorted(path.name for path in (tmp_path / "mail").iterdir()) == ["1.eml", "2.eml"]
    written = email.message_from_bytes((tmp_path / "mail/2.eml").read_bytes(), policy=email.policy.default)
    assert written["Subject"] == MAIL.subject


async def test_directory_counts_on_after_a_restart(tmp_path: Path) -> None:
    """A new mailer never writes over an old mail, however large its number."""
    for number in (2, 10):
        (tmp_path / f"{number}.eml").write_text("old")

    await DirectoryMailer(tmp_path, sender=SENDER).send(MAIL)

    assert (tmp_path / "11.eml").exists()
    assert (tmp_path / "10.eml").read_text() == "old"


async def test_directory_takes_many_at_once(tmp_path: Path) -> None:
    """Two mailers on one directory lose nothing."""
    mailers = [DirectoryMailer(tmp_path, sender=SENDER) for _ in range(2)]

    await asyncio.gather(*(mailers[n % 2].send(MAIL) for n in range(20)))

    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"{n}.eml" for n in range(1, 21))


async def test_directory_that_cannot_be_written(tmp_path: Path) -> None:
    """A directory that is a file is a MailNotSent."""
    (tmp_path / "mail").write_text("in the way")

    with pytest.raises(MailNotSent):
        await DirectoryMailer(tmp_path / "mail", sender=SENDER).send(MAIL)


class _SmtpServer:
    """An SMTP server of a dozen lines, remembering what it was told."""

    def __init__(self, *, refuse: bytes | None = None) -> None:
        self.refuse = refuse
        self.heard: list[bytes] = []
        self.mails: list[EmailMessage] = []

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hold one conversation."""
        writer.write(b"220 ready\r\n")
        while line := await reader.readline():
            self.heard.append(line.strip())
            verb = line.split()[0].upper()
            if self.refuse is not None and verb == self.refuse:
                writer.write(b"550 no\r\n")
            elif verb == b"EHLO":
                writer.write(b"250-test\r\n250 AUTH PLAIN\r\n")
            elif verb == b"AUTH":
                writer.write(b"235 welcome\r\n")
            elif verb == b"DATA":
                writer.write(b"354 go on\r\n")
                content = (await reader.readuntil(b"\r\n.\r\n"))[:-3]
                message = email.message_from_bytes(content, policy=email.policy.default)
                assert isinstance(message, EmailMessage)
                self.mails.append(message)
                writer.write(b"250 taken\r\n")
            else:
                writer.write(b"250 fine\r\n")
            await writer.drain()
            if verb == b"QUIT":
                break
        writer.close()


async def _send_to(talking: _SmtpServer, credentials: str = "") -> None:
    server = await asyncio.start_server(talking.talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        await SmtpMailer(f"smtp://{credentials}127.0.0.1:{port}", sender=SENDER).send(MAIL)
    finally:
        server.close()
        await server.wait_closed()


async def test_smtp_delivers() -> None:
    """A mail handed to SMTP arrives with its headers and both its bodies."""
    server = _SmtpServer()

    await _send_to(server)

    assert [mail["Subject"] for mail in server.mails] == [MAIL.subject]
    assert any(line.startswith(b"MAIL FROM:<noreply@pds.test>") for line in server.heard)
    assert any(line.startswith(b"RCPT TO:<alice@example.com>") for line in server.heard)


async def test_smtp_logs_in() -> None:
    """Credentials in the URL are used, percent-escapes undone."""
    server = _SmtpServer()

    await _send_to(server, "user:p%40ss@")

    assert b"AUTH PLAIN AHVzZXIAcEBzcw==" in server.heard


async def test_smtp_refusal() -> None:
    """A server that does not take the mail is a MailNotSent."""
    with pytest.raises(MailNotSent):
        await _send_to(_SmtpServer(refuse=b"RCPT"))


async def test_smtp_out_of_reach() -> None:
    """So is a server that is not there."""
    server = await asyncio.start_server(_SmtpServer().talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()

    with pytest.raises(MailNotSent):
        await SmtpMailer(f"smtp://127.0.0.1:{port}", sender=SENDER).send(MAIL)


@pytest.mark.parametrize("url", ["http://mail.test", "smtp://", "mail.test:25"])
def test_only_smtp_urls(url: str) -> None:
    """A setting that is no SMTP URL fails at the start, not at the first mail."""
    with pytest.raises(ValueError, match="SMTP URL"):
        SmtpMailer(url, sender=SENDER)
