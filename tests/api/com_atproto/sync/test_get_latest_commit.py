"""com.atproto.sync.getLatestCommit."""

import pytest

from support.calls import create, head, refusal, set_status
from support.server import Person, Roost


def test_it_is_where_the_last_write_left_the_repository(roost: Roost, person: Person) -> None:
    """A writer's answer and everybody's view agree; nobody has to sign in to ask."""
    commit = create(person, {"n": 1}).json()["commit"]

    answer = roost.get("com.atproto.sync.getLatestCommit", did=person.did)

    assert answer.json() == commit
    assert head(person) == (commit["cid"], commit["rev"])


@pytest.mark.parametrize(("status", "name"), [("deactivated", "RepoDeactivated"), ("takendown", "RepoTakendown")])
def test_an_inactive_repository_is_not_told_of(roost: Roost, person: Person, status: str, name: str) -> None:
    """Each state has its own name."""
    set_status(roost, person, status)

    answer = roost.get("com.atproto.sync.getLatestCommit", did=person.did)

    assert refusal(answer) == (400, name, f"Repo has been {status}: {person.did}")


def test_an_unknown_repository_is_not_found(roost: Roost) -> None:
    """A DID that is not hosted here has no head here."""
    did = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"

    answer = roost.get("com.atproto.sync.getLatestCommit", did=did)

    assert refusal(answer) == (400, "RepoNotFound", f"Could not find repo: {did}")


def test_a_handle_will_not_do(roost: Roost, anybody: Person) -> None:
    """Sync is by DID alone."""
    status, name, _ = refusal(roost.get("com.atproto.sync.getLatestCommit", did=anybody.handle))

    assert (status, name) == (400, "InvalidRequest")
