"""`roost relay`, with and without a running server."""

from pathlib import Path

import pytest

from support.command import Command
from support.sample_relay import relay
from support.server import Roost, running
from support.subscriber import subscribed


def test_status_is_a_table(command: Command, tmp_path: Path) -> None:
    """What the relay has seen, how far behind it is, and what came of the last request; who subscribes, and how they
    are doing.
    """
    with relay() as there, running(tmp_path, crawlers=f"{there.url},http://127.0.0.1:9") as server:
        server.person()
        with subscribed(server.url, 0) as subscriber:
            seqs = [body["seq"] for _, body in subscriber.take(4)]
            there.status = (200, {"hostname": "localhost", "seq": seqs[1], "accountCount": 1, "status": "active"})
            ran = command("relay", "crawl", "--url", server.url, "--data", server.data)
            again = command("relay", "status", "--url", server.url, "--data", server.data)

    assert (ran.code, ran.err) == (0, "")
    assert {"hostname": "localhost"} in there.asked
    # The server, which is in this process, writes its log there too.
    lines = [line for line in ran.out.splitlines() if "[warning" not in line]
    assert lines[0].split() == ["Server", "localhost"]
    assert lines[1].split() == ["Last", "event", str(seqs[-1])]
    (ours,) = [line for line in lines if line.startswith(there.url)]
    assert ours.split()[1:6] == ["active", str(seqs[1]), "2", "events", "1"]
    assert ours.endswith("agreed")
    (dead,) = [line for line in lines if line.startswith("http://127.0.0.1:9 ")]
    assert "agreed" not in dead
    (listed,) = [line for line in lines if "up to date" in line]
    assert listed.startswith("127.0.0.1 Python/")
    assert there.url in again.out


def test_status_for_a_program(command: Command, tmp_path: Path) -> None:
    """The same as JSON."""
    with relay() as there, running(tmp_path, crawlers=there.url) as server:
        ran = command("relay", "status", "--json", "--url", server.url, "--data", server.data)

    assert ran.code == 0
    assert ran.json["hostname"] == "localhost"
    listed = ran.json["relays"]
    assert isinstance(listed, list)
    assert [(each["url"], each["known"], each["askedAt"]) for each in listed] == [(there.url, False, None)]


def test_a_server_that_does_not_run_is_asked_in_its_folder(command: Command, data: Path) -> None:
    """Without --url the data directory is opened; a server that is told of nowhere says so."""
    ran = command("relay", "status", "--data", data)

    assert ran.code == 0
    assert "ROOST_CRAWLERS" in ran.out
    assert "Nobody subscribes now." in ran.out


def test_a_running_server_is_named(command: Command, roost: Roost) -> None:
    """Without --url the command says who is in the way, and the way around."""
    ran = command("relay", "status", "--data", roost.data)

    assert ran.code == 1
    assert ran.err.endswith("add --url URL to ask that server\n")


@pytest.mark.parametrize("word", ["status", "crawl"])
def test_the_password_is_needed(command: Command, roost: Roost, tmp_path: Path, word: str) -> None:
    """It comes from the data directory, or is given; a wrong one is the server's to refuse."""
    missing = command("relay", word, "--url", roost.url, "--data", tmp_path)
    wrong = command("relay", word, "--url", roost.url, "--admin-password", "wrong")

    assert (missing.code, "give --data or --admin-password" in missing.err) == (2, True)
    assert (wrong.code, "answered 401" in wrong.err) == (1, True)


def test_what_is_no_roost(command: Command, roost: Roost) -> None:
    """A server that answers something else is named."""
    ran = command("relay", "status", "--url", roost.plc_url, "--admin-password", "x")

    assert ran.code == 1
    assert roost.plc_url in ran.err
