"""`roost key`."""

from pathlib import Path

from roost.crypto.keys import PrivateKey
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


def test_rotate_gives_a_new_signing_key(command: Command, data: Path) -> None:
    """The repository verifies under the key that the directory names, which is not the old one."""
    old = command("key", "show", "alice.test", "--data", data).out.split()[-1]

    ran = command("key", "rotate", "alice.test", "--data", data)

    new = command("key", "show", "alice.test", "--data", data).out.split()[-1]
    assert (ran.code, ran.out.split()[-1]) == (0, new)
    assert new != old
    verified = command("repo", "verify", "alice.test", "--data", data, "--json")
    assert (verified.code, verified.json["signed"]) == (0, True)
    assert command("identity", "check", "--all", "--data", data).code == 0


def test_rotate_all_for_machines(command: Command, data: Path) -> None:
    """The new key of each account, by its DID."""
    ran = command("key", "rotate", "--all", "--data", data, "--json")

    assert ran.code == 0
    assert ran.json["failed"] == {}
    rotated = ran.json["rotated"]
    assert isinstance(rotated, dict)
    assert list(rotated.values()) == [command("key", "show", "alice.test", "--data", data).out.split()[-1]]


def test_rotate_all_with_a_directory_that_is_gone(command: Command, data: Path) -> None:
    """Nothing is changed, what is left is gone on with, and the exit code says so."""
    (data / "gone.toml").write_text('plc_url = "http://127.0.0.1:9"\n')
    gone = command("key", "rotate", "--all", "--data", data, "--no-dev", "--config", data / "gone.toml")
    assert gone.code == 1
    assert "try again later" in gone.err

    ran = command("key", "rotate", "--all", "--data", data)

    assert ran.code == 0
    assert command("identity", "check", "--all", "--data", data).code == 0


def test_a_recovery_key_comes_first(command: Command, data: Path) -> None:
    """All keys of the DID are told, the strongest first."""
    key = PrivateKey.generate().public.did_key

    ran = command("key", "recovery", "add", "alice.test", key, "--data", data)

    assert ran.code == 0
    assert ran.out.splitlines()[1].split() == ["1", key]
    assert len(ran.out.splitlines()) == 3


def test_wrong_words(command: Command, data: Path) -> None:
    """Neither nothing nor everything at once, and no key that is none."""
    for words in ((), ("alice.test", "--all")):
        assert command("key", "rotate", *words, "--data", data).code == 2
    ran = command("key", "recovery", "add", "alice.test", "did:key:zNonsense", "--data", data)
    assert (ran.code, ran.err.startswith("roost: Not a key that could sign operations: ")) == (1, True)
