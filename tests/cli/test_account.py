"""`roost account` on a data directory without a running server."""

import asyncio
import io
from pathlib import Path

import orjson
import pytest

from roost.app import open_server
from roost.config import load
from roost.services.errors import Unauthenticated
from roost.services.sessions import Sessions
from support.command import Command
from support.server import PASSWORD


def listed(command: Command, data: Path) -> list[str]:
    """Return the handles of all accounts."""
    return [account["handle"] for account in orjson.loads(command("account", "list", "--json", "--data", data).raw)]


async def may_sign_in(data: Path, handle: str, password: str) -> bool:
    """Return whether a server on that directory would let somebody in."""
    async with open_server(load(flags={"data": data, "dev": True})) as server:
        try:
            await server.get(Sessions).sign_in(handle, password)
        except Unauthenticated:
            return False
        return True


def test_create_makes_an_account_in_the_networks_own_directory(command: Command, data: Path) -> None:
    """A name without a dot is one under the server's domain; the password that was made is told once."""
    ran = command("account", "create", "bobby", "--email", "bob@mail.test", "--data", data)

    assert ran.code == 0, ran.err
    said = dict(line.split() for line in ran.out.splitlines()[1:])
    assert (said["Handle"], said["Email"], len(said["Password"])) == ("bobby.test", "bob@mail.test", 20)
    assert listed(command, data) == ["alice.test", "bobby.test"]


def test_create_on_a_fresh_directory(command: Command, tmp_path: Path) -> None:
    """With --dev there need not have been a server before; the directory's operations are kept for it."""
    words = ("--email", "bob@mail.test", "--dev", "--data", tmp_path / "new", "--json", "--password", PASSWORD)
    ran = command("account", "create", "bobby.test", *words)

    assert (ran.code, ran.json["handle"], ran.json["password"]) == (0, "bobby.test", PASSWORD), ran.err
    assert (tmp_path / "new" / "plc" / "plc.sqlite").exists()


@pytest.mark.parametrize(
    ("handle", "password", "code", "said"),
    [
        ("alice.test", PASSWORD, 1, "roost: Handle already taken: alice.test\n"),
        ("bobby.example.com", PASSWORD, 1, "roost: Not a supported handle domain\n"),
        ("b_b", PASSWORD, 2, "roost: not a valid handle: 'b_b.test'\n"),
        ("bobby", "short", 1, "roost: Invalid password: it must have at least 8 characters.\n"),
        ("bobby", "", 1, "roost: Invalid password: it must have at least 8 characters.\n"),
    ],
)
def test_create_refuses_in_one_line(
    command: Command, data: Path, handle: str, password: str, code: int, said: str
) -> None:
    """What a client would be refused, an operator is too."""
    ran = command("account", "create", handle, "--email", "b@mail.test", "--password", password, "--data", data)

    assert (ran.code, ran.out, ran.err) == (code, "", said)


def test_list_is_tabs_to_a_program(command: Command, data: Path) -> None:
    """Where nobody watches, each account is a line of cells."""
    ran = command("account", "list", "--data", data)

    handle, did, email, status, made = ran.out.removesuffix("\n").split("\t")
    assert (handle, did[:8], email, status, made[-1]) == ("alice.test", "did:plc:", "alice@mail.test", "active", "Z")


def test_delete_asks_first(command: Command, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever does not say yes keeps the account."""
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))

    ran = command("account", "delete", "alice.test", "--data", data)

    assert (ran.code, ran.out.strip(), "Delete alice.test (did:plc:" in ran.err) == (1, "", True)
    assert listed(command, data) == ["alice.test"]


def test_delete_with_yes(command: Command, data: Path) -> None:
    """With --yes nothing is asked, and the account is gone; a second time there is none."""
    ran = command("account", "delete", "@alice.test", "--yes", "--data", data)
    again = command("account", "delete", "alice.test", "--yes", "--data", data)

    assert (ran.code, ran.err) == (0, "")
    assert (again.code, again.err) == (1, "roost: There is no account alice.test on this server\n")
    assert listed(command, data) == []


def test_reset_password_makes_one(command: Command, data: Path) -> None:
    """The password that was made lets its owner in; the old one no longer does."""
    ran = command("account", "reset-password", "alice.test", "--data", data)

    made = ran.out.split()[-1]
    assert asyncio.run(may_sign_in(data, "alice.test", made))
    assert not asyncio.run(may_sign_in(data, "alice.test", PASSWORD))


def test_reset_password_from_standard_input(command: Command, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password need not be on the command line, where every process sees it."""
    monkeypatch.setattr("sys.stdin", io.StringIO("from a manager\n"))

    ran = command("account", "reset-password", "alice.test", "--password", "-", "--data", data)

    assert (ran.code, "from a manager" in ran.out) == (0, False)
    assert asyncio.run(may_sign_in(data, "alice.test", "from a manager"))
