"""`roost admin log`: what the operator and others did, from the command line and over HTTP."""

from pathlib import Path

import orjson

from support.administration import MISSING, order
from support.command import Command
from support.server import PASSWORD, Roost


def log(command: Command, *words: str | Path) -> list[dict[str, object]]:
    """Return the log."""
    ran = command("admin", "log", "--json", *words)
    assert ran.code == 0, ran.err
    found = orjson.loads(ran.raw)
    assert isinstance(found, list)
    return found


def test_what_the_operator_does_is_noted(command: Command, data: Path) -> None:
    """Each command that changes something, in the name of whoever ran it; passwords are not in it."""
    command("account", "create", "bobby", "--email", "bob@mail.test", "--password", PASSWORD, "--data", data)
    command("account", "reset-password", "bobby.test", "--password", "another password", "--data", data)
    code = command("invite", "create", "--data", data).out.strip()
    command("invite", "disable", code, "--data", data)
    command("account", "delete", "bobby.test", "--yes", "--data", data)

    entries = log(command, "--data", data)

    words = ["account delete", "invite disable", "invite create", "account reset-password", "account create"]
    assert [entry["method"] for entry in entries] == [f"roost {word}" for word in words]
    assert {str(entry["actor"]).split()[0] for entry in entries} == {"operator"}
    assert {entry["outcome"] for entry in entries} == {"done"}
    assert entries[2]["subject"] == code
    assert PASSWORD not in str(entries)
    assert "another password" not in str(entries)


def test_what_the_operator_looks_after_is_noted(command: Command, data: Path) -> None:
    """Commands that take no account, and those that take many: what reaches beyond the database before it does, too."""
    command("blob", "gc", "--data", data)
    command("identity", "publish", "--all", "--data", data)
    command("identity", "publish", "alice.test", "--data", data)
    command("relay", "crawl", "--data", data)

    entries = log(command, "--data", data)

    words = ["relay crawl", "identity publish", "identity publish", "blob gc", "blob gc"]
    assert [entry["method"] for entry in entries] == [f"roost {word}" for word in words]
    assert [entry["outcome"] for entry in entries] == ["done", "done", "done", "done", "begun"]
    assert str(entries[1]["did"]).startswith("did:plc:")
    assert entries[1]["did"] == entries[2]["did"]
    assert entries[3]["changed"] == {"blobs": 0, "bytes": 0, "removed": 0, "failed": 0, "orphans": 0}


def test_of_one_account_also_when_it_is_gone(command: Command, data: Path) -> None:
    """By its DID then."""
    made = command("account", "create", "bobby", "--email", "bob@mail.test", "--json", "--data", data).json
    did = str(made["did"])
    command("invite", "create", "--data", data)
    by_handle = log(command, "--account", "bobby.test", "--data", data)
    command("account", "delete", "bobby.test", "--yes", "--data", data)

    entries = log(command, "--account", did, "--limit", "5", "--data", data)

    assert [entry["method"] for entry in by_handle] == ["roost account create"]
    assert [entry["method"] for entry in entries] == ["roost account delete", "roost account create"]
    assert log(command, "--account", MISSING, "--data", data) == []


def test_a_person_reads_a_table(command: Command, data: Path) -> None:
    """The latest first."""
    assert command("admin", "log", "--data", data).out == "Nothing was done.\n"
    command("account", "takedown", "alice.test", "--ref", "x" * 300, "--data", data)

    head, line = command("admin", "log", "--data", data).out.splitlines()

    assert head.split() == ["TIME", "WHO", "FROM", "METHOD", "SUBJECT", "OUTCOME", "CHANGED"]
    assert "roost account takedown" in line
    assert "status: takendown" in line
    assert "x" * 100 + "…" in line


def test_a_running_server_is_asked(command: Command, own_roost: Roost) -> None:
    """With the password of its data directory; of all accounts, or of one."""
    first, second = own_roost.person(), own_roost.person()
    for person in (first, second):
        order(own_roost, "disableAccountInvites", account=person.did, note="spam")
    asked = ("--url", own_roost.url, "--data", own_roost.data)

    entries = log(command, *asked)
    own = log(command, "--account", first.handle, *asked)

    assert [entry["did"] for entry in entries] == [second.did, first.did]
    assert [entry["did"] for entry in own] == [first.did]
    assert own[0]["changed"] == {"invitesDisabled": True, "was": False, "note": "spam"}
    assert own[0]["address"] == "127.0.0.1"
