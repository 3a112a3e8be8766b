"""`roost report`, with and without a running server."""

from pathlib import Path

from support.command import Command
from support.server import Roost, running

BODY = {
    "reasonType": "com.atproto.moderation.defs#reasonSpam",
    "subject": {"$type": "com.atproto.admin.defs#repoRef", "did": "did:web:bad.test"},
    "reason": "two\nlines\x1b[2J",
}


def test_reports_are_a_table(command: Command, tmp_path: Path) -> None:
    """One line each, whatever somebody has written into theirs."""
    with running(tmp_path) as server:
        person = server.person()
        assert person.post("com.atproto.moderation.createReport", json=BODY).status_code == 200
        ran = command("report", "list", "--url", server.url, "--data", server.data)

    assert (ran.code, ran.err) == (0, "")
    (line,) = [line for line in ran.out.splitlines() if "did:web:bad.test" in line and "reasonSpam" in line]
    assert "two lines" in line
    assert person.did in line
    assert "\x1b" not in ran.out


def test_a_server_that_does_not_run_is_asked_in_its_folder(command: Command, data: Path) -> None:
    """Its reports are there when it is not."""
    ran = command("report", "list", "--data", data)

    assert (ran.code, ran.out) == (0, "No reports.\n")


def test_reports_for_a_program(command: Command, tmp_path: Path) -> None:
    """As JSON, with the subject as it was sent."""
    with running(tmp_path) as server:
        server.person().post("com.atproto.moderation.createReport", json=BODY)
        ran = command("report", "list", "--json", "--limit", "1", "--url", server.url, "--data", server.data)

    assert ran.raw.startswith(b"[")
    assert b'"did:web:bad.test"' in ran.raw


def test_the_password_has_to_be_right(command: Command, roost: Roost) -> None:
    """Reports are for the administrator."""
    ran = command("report", "list", "--url", roost.url, "--data", roost.data, "--admin-password", "wrong")

    assert (ran.code, "answered 401" in ran.err) == (1, True)
