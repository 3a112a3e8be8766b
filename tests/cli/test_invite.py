"""`roost invite`, with and without a running server."""

from pathlib import Path

import orjson

from support.command import Command
from support.server import Roost


def test_create_prints_a_code_alone(command: Command, data: Path) -> None:
    """A script can take the answer as it is."""
    ran = command("invite", "create", "--uses", "3", "--data", data)

    assert (ran.code, ran.err, ran.out.count("\n")) == (0, "", 1)
    assert ran.out.startswith("localhost-")


def test_create_asks_a_running_server(command: Command, roost: Roost) -> None:
    """The administrator's password comes from the data directory, which the server on it need not let go of."""
    ran = command("invite", "create", "--url", roost.url, "--data", roost.data)

    assert (ran.code, ran.err, ran.out.startswith("localhost-")) == (0, "", True)


def test_a_given_password_counts(command: Command, roost: Roost) -> None:
    """A wrong password is the server's to refuse."""
    ran = command("invite", "create", "--url", roost.url, "--data", roost.data, "--admin-password", "wrong")

    assert (ran.code, ran.out) == (1, "")
    assert "answered 401" in ran.err


def test_no_password_anywhere(command: Command, roost: Roost, tmp_path: Path) -> None:
    """Without the data directory the password has to be given."""
    ran = command("invite", "create", "--url", roost.url, "--data", tmp_path)

    assert (ran.code, "give --data or --admin-password" in ran.err) == (2, True)


def test_a_running_server_is_named(command: Command, roost: Roost) -> None:
    """Without --url the command says who is in the way, and the way around."""
    ran = command("invite", "create", "--data", roost.data)

    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert "is using this data directory" in ran.err
    assert ran.err.endswith("add --url URL to have that server make the code\n")


def test_list_and_disable(command: Command, data: Path) -> None:
    """Codes are listed with how many each still admits; a disabled one admits nobody."""
    first = command("invite", "create", "--uses", "3", "--data", data).out.strip()
    second = command("invite", "create", "--data", data).out.strip()

    disabled = command("invite", "disable", first, "unknown", "--data", data)
    again = command("invite", "disable", first, "--account", "alice.test", "--data", data)

    assert (disabled.code, disabled.out) == (0, "1 code is disabled now.\n")
    assert again.out == "0 codes are disabled now.\n"
    lines = {line.split()[0]: line.split() for line in command("invite", "list", "--data", data).out.splitlines()}
    assert lines["CODE"] == ["CODE", "USES", "LEFT", "FOR", "MADE", "STATUS"]
    assert (lines[first][1:4], lines[first][-1]) == (["3", "3", "admin"], "disabled")
    assert lines[second][-1] == "open"
    listed = orjson.loads(command("invite", "list", "--sort", "usage", "--json", "--data", data).raw)
    assert {each["code"]: each["disabled"] for each in listed} == {first: True, second: False}


def test_disable_needs_to_be_told_what(command: Command, data: Path) -> None:
    """Neither a code nor an account is a slip."""
    ran = command("invite", "disable", "--data", data)

    assert (ran.code, ran.err) == (2, "roost: Name codes, or an account with --account\n")
    assert command("invite", "list", "--data", data).out == "No codes.\n"
