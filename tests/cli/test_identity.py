"""`roost identity`."""

from pathlib import Path

import orjson

from support.command import Command


def test_check_of_what_is_in_order(command: Command, data: Path) -> None:
    """One account, or all of them; for people and for machines."""
    one = command("identity", "check", "alice.test", "--data", data)
    both = command("identity", "check", "--all", "--data", data, "--json")

    assert (one.code, both.code) == (0, 0)
    assert one.out.splitlines()[0].split() == ["HANDLE", "DID", "STATUS", "DIFFERS"]
    assert one.out.splitlines()[-1] == "1 of 1 in order"
    (found,) = orjson.loads(both.raw)
    assert (found["handle"], found["status"], found["problems"]) == ("alice.test", "active", [])


def test_check_of_what_differs(command: Command, data: Path) -> None:
    """A server that is reached elsewhere now is not where the DIDs say; the exit code is 1."""
    moved = ("--config", data / "moved.toml")
    (data / "moved.toml").write_text('public_url = "https://new.example.com"\n')

    ran = command("identity", "check", "alice.test", "--data", data, *moved)
    listed = command("identity", "check", "--all", "--data", data, "--json", *moved)

    assert (ran.code, listed.code) == (1, 1)
    assert "atproto_pds must be at https://new.example.com, not http://localhost:2583" in ran.out
    assert len(orjson.loads(listed.raw)[0]["problems"]) == 1


def test_check_with_a_directory_that_is_gone(command: Command, data: Path) -> None:
    """That nobody can say is a difference too."""
    (data / "gone.toml").write_text('plc_url = "http://127.0.0.1:9"\n')

    ran = command("identity", "check", "--all", "--data", data, "--no-dev", "--config", data / "gone.toml")

    assert ran.code == 1
    assert "The PLC directory did not give an answer that can be used" in ran.out


def test_publish_tells_of_it(command: Command, data: Path) -> None:
    """Each time one event more."""
    for words, said in ((("alice.test",), "Told of 1 account.\n"), (("--all",), "Told of 1 account.\n")):
        ran = command("identity", "publish", *words, "--data", data)

        assert (ran.code, ran.out) == (0, said)


def test_an_account_or_all(command: Command, data: Path) -> None:
    """One of both must be said."""
    for word in ("check", "publish"):
        for words in ((), ("alice.test", "--all")):
            ran = command("identity", word, *words, "--data", data)
            assert (ran.code, ran.err) == (2, "roost: Name an account, or give --all\n")


def test_a_stranger(command: Command, data: Path) -> None:
    """An account that is elsewhere is not ours to check."""
    ran = command("identity", "check", "bob.test", "--data", data)

    assert (ran.code, ran.err) == (1, "roost: There is no account bob.test on this server\n")
