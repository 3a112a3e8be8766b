"""`roost key`."""

from pathlib import Path

from support.command import Command


def test_show_prints_public_keys(command: Command, data: Path) -> None:
    """The server's rotation key, and the key that an account's commits are signed with."""
    alone = command("key", "show", "--data", data)
    both = command("key", "show", "alice.test", "--data", data)

    assert both.out.splitlines()[0].split()[-1] == alone.out.split()[-1]
    assert all(line.split()[-1].startswith("did:key:zQ3sh") for line in both.out.splitlines())
    assert len(both.out.splitlines()) == 2


def test_the_shown_key_is_the_one_that_signs(command: Command, data: Path) -> None:
    """A repository verifies with the key that is shown, without any directory."""
    shown = command("key", "show", "alice.test", "--data", data).out.split()[-1]

    ran = command("repo", "verify", "alice.test", "--data", data, "--key", shown, "--json")

    assert (ran.code, ran.json["signed"]) == (0, True)


def test_show_of_a_stranger(command: Command, data: Path) -> None:
    """An account that is elsewhere has no key here."""
    ran = command("key", "show", "bob.test", "--data", data)

    assert (ran.code, ran.err) == (1, "roost: There is no account bob.test on this server\n")
