"""`roost migrate` is killed anywhere, and then gone on with, or undone."""

import signal
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from support.calls import create, refusal
from support.command import PROGRAM, Command, environment
from support.movers import (
    NEW,
    PICTURE,
    PREFERENCES,
    Killed,
    answering,
    code_in,
    killing,
    leads_to,
    meddling,
    modern,
    owner,
    records,
    upload,
    words,
)
from support.server import PASSWORD, Person, Roost

pytestmark = pytest.mark.usefixtures("passwords")

STEPS = [
    "createAccount",
    "importRepo",
    "uploadBlob",
    "putPreferences",
    "requestPlcOperationSignature",
    "signPlcOperation",
    "submitPlcOperation",
    "deactivateAccount",
    "activateAccount",
]
"""Every procedure that a move calls to change something, in their order."""

NEW_HOME = "http://there.test:1"

everywhere = pytest.mark.parametrize("answered", [False, True], ids=["before", "after"])
at_every_step = pytest.mark.parametrize("step", STEPS)


def stopped(
    command: Command, monkeypatch: pytest.MonkeyPatch, roost: Roost, there: Roost, step: str, *, answered: bool
) -> Person:
    """Return somebody whose move was killed at a step."""
    person = owner(roost)
    answering(monkeypatch, lambda: code_in(roost, person.email))
    revive = killing(monkeypatch, step, answered=answered)
    with pytest.raises(Killed):
        command(*words(roost, there, person))
    revive()
    return person


def check_arrived(roost: Roost, there: Roost, person: Person, said: list[dict[str, object]]) -> None:
    """See that all of an account is on the new server, and closed on the old one."""
    assert leads_to(roost, person) == NEW_HOME
    assert [each for each in records(there, person.did) if "picture" not in each] == said
    (cid,) = there.get("com.atproto.sync.listBlobs", did=person.did).json()["cids"]
    assert there.get("com.atproto.sync.getBlob", did=person.did, cid=cid).content == PICTURE
    arrived = modern(there, person, NEW)
    assert arrived.get("app.bsky.actor.getPreferences").json()["preferences"] == PREFERENCES
    assert arrived.get("com.atproto.server.checkAccountStatus").json()["activated"] is True
    assert refusal(roost.get("com.atproto.sync.getLatestCommit", did=person.did))[1] == "RepoDeactivated"
    assert list(Path().iterdir()) == []


@pytest.mark.slow
@everywhere
@at_every_step
def test_it_goes_on(
    roost: Roost, there: Roost, command: Command, monkeypatch: pytest.MonkeyPatch, step: str, answered: bool
) -> None:
    """The same command again ends with everything there: also what was written meanwhile, on whichever server took it,
    by the handle that the account had.
    """
    person = stopped(command, monkeypatch, roost, there, step, answered=answered)
    said: list[dict[str, object]] = [{"number": 0}, {"number": 1}, {"number": 2}]
    if create(person, {"meanwhile": "on the old server"}).status_code == 200:
        said.append({"meanwhile": "on the old server"})
    if there.get("com.atproto.sync.getLatestCommit", did=person.did).status_code == 200:
        assert create(modern(there, person, NEW), {"meanwhile": "on the new server"}).status_code == 200
        said.append({"meanwhile": "on the new server"})

    ran = command(*words(roost, there, person))

    assert ran.code == 0, ran.out + ran.err
    check_arrived(roost, there, person, said)
    again = command(*words(roost, there, person))
    assert again.code == 0, again.out + again.err
    check_arrived(roost, there, person, said)


@pytest.mark.slow
@everywhere
@at_every_step
def test_it_can_be_undone_while_the_identity_is_as_it_was(
    roost: Roost, there: Roost, command: Command, monkeypatch: pytest.MonkeyPatch, step: str, answered: bool
) -> None:
    """Then everything is as before; afterwards it is refused, and the account on the new server stays."""
    person = stopped(command, monkeypatch, roost, there, step, answered=answered)
    moved = STEPS.index(step) + answered > STEPS.index("submitPlcOperation")
    before = httpx.get(f"{roost.plc_url}/{person.did}/data").json()
    answering(monkeypatch, lambda: code_in(there, person.email))

    ran = command("migrate", "undo", person.did)

    assert httpx.get(f"{roost.plc_url}/{person.did}/data").json() == before
    assert (leads_to(roost, person) == NEW_HOME) is moved
    if moved:
        assert ran.code == 1
        assert "leads to" in ran.err
        assert there.get("com.atproto.sync.getRepoStatus", did=person.did).status_code == 200
        assert len(list(Path().iterdir())) == 1
    else:
        assert ran.code == 0, ran.out + ran.err
        assert refusal(there.get("com.atproto.sync.getRepoStatus", did=person.did))[1] == "RepoNotFound"
        assert create(person, {"still": "here"}).status_code == 200
        assert list(Path().iterdir()) == []


@pytest.mark.slow
def test_a_process_that_is_killed(
    roost: Roost, there: Roost, command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The program itself, with SIGKILL, while it waits for the code: what it has noted is enough to go on."""
    person = owner(roost)
    passwords = {"ROOST_OLD_PASSWORD": PASSWORD, "ROOST_NEW_PASSWORD": NEW}
    process = subprocess.Popen(
        [PROGRAM, *words(roost, there, person)], stdin=subprocess.PIPE, cwd=tmp_path, env=environment() | passwords
    )
    end = time.monotonic() + 60
    while not roost.mailbox.to(person.email) and time.monotonic() < end:
        time.sleep(0.05)
    process.kill()
    process.communicate()
    answering(monkeypatch, lambda: code_in(roost, person.email))

    ran = command(*words(roost, there, person))

    assert process.returncode == -signal.SIGKILL
    assert ran.code == 0, ran.out + ran.err
    check_arrived(roost, there, person, [{"number": 0}, {"number": 1}, {"number": 2}])


def test_what_was_written_on_the_new_server_stays(
    roost: Roost, there: Roost, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed when the account had just opened there, the move is ended by the next run, and nothing is brought over
    what its owner has written since.
    """
    person = stopped(command, monkeypatch, roost, there, "activateAccount", answered=True)
    assert create(modern(there, person, NEW), {"new": "written on the new server"}).status_code == 200

    ran = command(*words(roost, there, person))

    assert ran.code == 0, ran.out + ran.err
    assert {"new": "written on the new server"} in records(there, person.did)
    assert refusal(roost.get("com.atproto.sync.getLatestCommit", did=person.did))[1] == "RepoDeactivated"


def test_an_old_server_that_is_kept_open_takes_nothing_back(
    roost: Roost, there: Roost, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the old account stays open and is written to, that is told, and does not replace the new one's records."""
    person = owner(roost)
    answering(monkeypatch, lambda: code_in(roost, person.email))
    revive = killing(monkeypatch, "activateAccount", answered=True)
    with pytest.raises(Killed):
        command(*words(roost, there, person, "--keep-old"))
    revive()
    assert create(person, {"late": "on the old server"}).status_code == 200
    assert create(modern(there, person, NEW), {"new": "on the new server"}).status_code == 200

    ran = command(*words(roost, there, person))

    assert ran.code == 0, ran.out + ran.err
    assert "was still written to" in ran.err
    said = records(there, person.did)
    assert {"new": "on the new server"} in said
    assert {"late": "on the old server"} not in said


def test_what_is_not_known_to_have_come_along_is_not_overwritten(
    roost: Roost, there: Roost, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An account that was opened by hand, written to and closed again stops the move; opened, it ends it."""
    person = stopped(command, monkeypatch, roost, there, "submitPlcOperation", answered=True)
    arrived = modern(there, person, NEW)
    assert arrived.post("com.atproto.server.activateAccount").status_code == 200
    assert create(arrived, {"new": True}).status_code == 200
    assert arrived.post("com.atproto.server.deactivateAccount", json={}).status_code == 200
    assert create(person, {"late": True}).status_code == 200

    refused = command(*words(roost, there, person))
    assert arrived.post("com.atproto.server.activateAccount").status_code == 200
    ran = command(*words(roost, there, person))

    assert refused.code == 1
    assert "has records that did not come with this move" in refused.err
    assert ran.code == 0, ran.out + ran.err
    assert {"new": True} in records(there, person.did)


def test_undo_asks_the_directory_and_not_its_own_notes(
    roost: Roost, there: Roost, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The move was killed before it had heard that the identity has changed: the account there is the only one now."""
    person = stopped(command, monkeypatch, roost, there, "submitPlcOperation", answered=True)
    answering(monkeypatch, lambda: code_in(there, person.email))

    ran = command("migrate", "undo", person.did)
    nobody = command("migrate", "undo", person.did, "--plc", "http://127.0.0.1:1")

    assert (ran.code, nobody.code) == (1, 1)
    assert "leads to" in ran.err
    assert there.get("com.atproto.sync.getRepoStatus", did=person.did).status_code == 200


def test_undo_deletes_nothing_while_nobody_can_say_where_the_did_leads(
    roost: Roost, there: Roost, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A directory that cannot be asked might have the change."""
    person = stopped(command, monkeypatch, roost, there, "submitPlcOperation", answered=False)
    answering(monkeypatch, lambda: code_in(there, person.email))

    ran = command("migrate", "undo", person.did, "--plc", "http://127.0.0.1:1")

    assert ran.code == 1
    assert "so nothing was deleted" in ran.err
    assert there.get("com.atproto.sync.getRepoStatus", did=person.did).status_code == 200


def test_undo_looks_again_when_it_has_the_code(
    roost: Roost, there: Roost, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between asking for the code and having it, the owner may have gone on elsewhere."""
    person = stopped(command, monkeypatch, roost, there, "submitPlcOperation", answered=False)
    answering(monkeypatch, lambda: code_in(roost, person.email))

    def finish() -> str:
        found = command(*words(roost, there, person))
        assert found.code == 0, found.err
        return code_in(there, person.email)

    def wait() -> str:
        answering(monkeypatch, lambda: code_in(roost, person.email))
        return finish()

    answering(monkeypatch, wait)
    ran = command("migrate", "undo", person.did)

    assert ran.code == 1
    assert there.get("com.atproto.sync.getRepoStatus", did=person.did).json()["active"] is True


def test_undo_finds_an_account_that_nobody_has_heard_of(
    roost: Roost, there: Roost, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The move was killed when the account had just been made: what is left of it goes too."""
    person = stopped(command, monkeypatch, roost, there, "createAccount", answered=True)
    answering(monkeypatch, lambda: code_in(there, person.email))

    ran = command("migrate", "undo", person.did)

    assert ran.code == 0, ran.out + ran.err
    assert refusal(there.get("com.atproto.sync.getRepoStatus", did=person.did))[1] == "RepoNotFound"


def test_an_account_that_the_new_server_has_given_up(
    roost: Roost, there: Roost, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who comes back after weeks begins anew, with the same command."""
    person = stopped(command, monkeypatch, roost, there, "submitPlcOperation", answered=False)
    gone = there.post("com.atproto.admin.deleteAccount", json={"did": person.did}, auth=there.admin)
    assert gone.status_code == 200

    ran = command(*words(roost, there, person))

    assert ran.code == 0, ran.out + ran.err
    assert len(records(there, person.did)) == 4


def test_undo_leaves_an_account_that_was_there_before(
    roost: Roost, there: Roost, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who moves back to where they once lived does not lose what they left there."""
    person = owner(roost)
    answering(monkeypatch, lambda: code_in(roost, person.email))
    assert command(*words(roost, there, person)).code == 0
    monkeypatch.setenv("ROOST_OLD_PASSWORD", NEW)
    monkeypatch.setenv("ROOST_NEW_PASSWORD", "correct horse battery")
    back = words(there, roost, person, "--plc", roost.plc_url)
    answering(monkeypatch, lambda: "AAAAA-AAAAA")
    refused = command(*back)
    assert "refused signPlcOperation" in refused.err

    ran = command("migrate", "undo", person.did)

    assert ran.code == 0, ran.out + ran.err
    assert "was there before the move, and stays" in ran.out
    assert roost.get("com.atproto.sync.getRepoStatus", did=person.did).json()["status"] == "deactivated"
    answering(monkeypatch, lambda: code_in(there, person.email))
    assert command(*back).code == 0
    assert roost.get("com.atproto.sync.getRepoStatus", did=person.did).json()["active"] is True


def test_a_file_that_is_posted_in_the_last_minute(
    roost: Roost, there: Roost, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written while the owner looks for the code comes along before the identity changes."""
    person = owner(roost)

    def look() -> str:
        assert create(person, {"late": upload(person, b"late picture")}).status_code == 200
        return code_in(roost, person.email)

    answering(monkeypatch, look)

    ran = command(*words(roost, there, person))

    assert ran.code == 0, ran.out + ran.err
    cids = there.get("com.atproto.sync.listBlobs", did=person.did).json()["cids"]
    found = {there.get("com.atproto.sync.getBlob", did=person.did, cid=cid).content for cid in cids}
    assert found == {PICTURE, b"late picture"}


def test_what_is_written_while_the_identity_changes(
    roost: Roost, there: Roost, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old account takes it still; it is closed, and that comes along, before the new one opens."""
    person = owner(roost)
    answering(monkeypatch, lambda: code_in(roost, person.email))

    def write() -> None:
        assert create(person, {"late": upload(person, b"late picture")}).status_code == 200

    meddling(monkeypatch, "submitPlcOperation", write, answered=True)

    ran = command(*words(roost, there, person))

    assert ran.code == 0, ran.out + ran.err
    assert len(records(there, person.did)) == 5
    assert len(there.get("com.atproto.sync.listBlobs", did=person.did).json()["cids"]) == 2
