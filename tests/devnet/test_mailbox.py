"""Reading captured mail."""

from __future__ import annotations

import asyncio
from email.message import EmailMessage
from pathlib import Path

import pytest

from roost.devnet.mailbox import Mailbox

pytestmark = pytest.mark.anyio


def _write(directory: Path, number: int, *, to: str = "alice@example.com", text: str = "", html: str = "") -> None:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = f"Mail {number}", "noreply@pds.test", to
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    (directory / f"{number}.eml").write_bytes(bytes(message))


async def test_mails_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    """Ten comes after nine, and other files are no mail."""
    for number in (10, 9):
        _write(tmp_path, number)
    (tmp_path / "notes.eml").write_text("not numbered")

    assert [letter.subject for letter in Mailbox(tmp_path).all()] == ["Mail 9", "Mail 10"]


async def test_a_mailbox_may_not_exist_yet(tmp_path: Path) -> None:
    """Before the first mail there is no directory."""
    assert Mailbox(tmp_path / "mail").all() == []


async def test_links_and_tokens_are_found(tmp_path: Path) -> None:
    """Tokens in links come first, then codes; each is told once."""
    _write(
        tmp_path,
        1,
        text="Go to app://password-reset?token=a.b-c or type ABCDE-23456.",
        html='<a href="app://password-reset?token=a.b-c">Reset</a> <a href="https://pds.test/?x=1&amp;token=d">or</a>',
    )

    letter = Mailbox(tmp_path).all()[0]

    assert letter.links == ["app://password-reset?token=a.b-c", "https://pds.test/?x=1&token=d"]
    assert letter.tokens == ["a.b-c", "d", "ABCDE-23456"]


async def test_addresses_are_compared_without_case(tmp_path: Path) -> None:
    """Mail to Alice@ is alice's."""
    _write(tmp_path, 1, to="Alice@Example.com")
    _write(tmp_path, 2, to="bob@example.com")

    assert [letter.number for letter in Mailbox(tmp_path).to("alice@example.com")] == [1]


async def test_wait_for_the_next_mail(tmp_path: Path) -> None:
    """A test can wait for a mail that is sent later."""
    _write(tmp_path, 1)
    waiting = asyncio.create_task(Mailbox(tmp_path).wait_for("alice@example.com", after=1))
    await asyncio.sleep(0.05)

    _write(tmp_path, 2)

    assert (await waiting).number == 2


async def test_wait_gives_up(tmp_path: Path) -> None:
    """A mail that never comes is a TimeoutError."""
    with pytest.raises(TimeoutError):
        await Mailbox(tmp_path).wait_for("alice@example.com", seconds=0.05)
