"""`roost account takedown` and its like, on a data directory and on a running server."""

from pathlib import Path

import orjson
import pytest

from support.administration import ask
from support.command import Command
from support.server import Person, Roost


def state(command: Command, data: Path) -> dict[str, object]:
    """Return what is known of alice."""
    return command("account", "info", "alice.test", "--json", "--data", data).json


def test_a_takedown_and_its_end(command: Command, data: Path) -> None:
    """With a reference, by which its reasons are found again; without one it is known by its time."""
    down = command("account", "takedown", "alice.test", "--ref", "case 7", "--data", data)
    shown = state(command, data)
    again = command("account", "takedown", "@alice.test", "--json", "--data", data)
    restored = command("account", "restore", "alice.test", "--data", data)

    assert (down.code, down.err) == (0, "")
    assert down.out.startswith("alice.test (did:plc:")
    assert "is taken down." in down.out
    assert down.out.splitlines()[1].split() == ["Takedown", "case", "7"]
    assert (shown["status"], shown["takedown"]) == ("takendown", "case 7")
    takedown = again.json["takedown"]
    assert isinstance(takedown, dict)
    assert str(takedown["ref"]).endswith("Z")
    assert "is restored." in restored.out
    assert state(command, data)["status"] == "active"


def test_deactivating_and_activating(command: Command, data: Path) -> None:
    """As its owner could."""
    assert command("account", "deactivate", "alice.test", "--data", data).code == 0
    shown = state(command, data)
    activated = command("account", "activate", "alice.test", "--data", data)

    assert (shown["status"], str(shown["deactivatedAt"])[-1]) == ("deactivated", "Z")
    assert (activated.code, activated.err) == (0, "")
    assert state(command, data)["status"] == "active"


def test_what_is_taken_down_is_not_activated(command: Command, data: Path) -> None:
    """It is told in one line, and noted."""
    command("account", "takedown", "alice.test", "--data", data)

    ran = command("account", "activate", "alice.test", "--data", data)

    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "roost: The account is taken down: restore it first\n"
    outcomes = [entry["outcome"] for entry in orjson.loads(command("admin", "log", "--json", "--data", data).raw)]
    assert outcomes == ["InvalidRequest", "done"]


def test_info_is_read_by_a_person(command: Command, data: Path) -> None:
    """What is not so is left out."""
    ran = command("account", "info", "alice.test", "--data", data)

    told = dict(line.split(maxsplit=1) for line in ran.out.splitlines())
    assert (told["handle"], told["email"], told["status"]) == ("alice.test", "alice@mail.test", "active")
    assert "takedown" not in told


@pytest.mark.parametrize(("text", "found"), [("ALICE", 1), ("mail.test", 1), ("%", 0), ("bob", 0)])
def test_search(command: Command, data: Path, text: str, found: int) -> None:
    """By a part of handle or email address."""
    accounts = orjson.loads(command("account", "search", text, "--json", "--data", data).raw)
    lines = command("account", "search", text, "--data", data).out.splitlines()

    assert [account["handle"] for account in accounts] == ["alice.test"] * found
    assert len(lines) == found


def test_of_an_account_that_is_not_here(command: Command, data: Path) -> None:
    """One line."""
    for word in ("takedown", "restore", "deactivate", "activate", "info"):
        ran = command("account", word, "bob.test", "--data", data)
        assert (ran.code, ran.err) == (1, "roost: There is no account bob.test on this server\n")


def test_on_a_running_server(command: Command, own_roost: Roost) -> None:
    """Over HTTP, with the password of its data directory; by DID, since what is taken down has no handle to ask by."""
    person: Person = own_roost.person()
    asked = ("--url", own_roost.url, "--data", own_roost.data)

    down = command("account", "takedown", person.handle, "--ref", "7", *asked)
    told = ask(own_roost, "getSubjectStatus", did=person.did).json()["takedown"]
    restored = command("account", "restore", person.did, *asked)
    deactivated = command("account", "deactivate", person.did, *asked)
    activated = command("account", "activate", person.did, *asked)

    assert [ran.code for ran in (down, restored, deactivated, activated)] == [0] * 4, down.err + activated.err
    assert told == {"applied": True, "ref": "7"}
    assert ask(own_roost, "getSubjectStatus", did=person.did).json()["deactivated"] == {"applied": False}
    log = orjson.loads(command("admin", "log", "--json", *asked).raw)
    assert [entry["actor"] for entry in log] == ["admin"] * 4
    wrong = command("account", "takedown", person.did, "--url", own_roost.url, "--admin-password", "wrong")
    assert (wrong.code, "401" in wrong.err) == (1, True)


def test_a_directory_in_use_says_what_else_one_can_do(command: Command, own_roost: Roost) -> None:
    """The server that runs is the one to ask."""
    ran = command("account", "takedown", "alice.test", "--data", own_roost.data)

    assert (ran.code, "--url" in ran.err) == (1, True)
