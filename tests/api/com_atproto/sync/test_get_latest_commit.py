"""com.atproto.sync.getLatestCommit."""

from support.calls import create, head, refusal
from support.server import Person, Roost
from support.states import INACTIVE, asking, check_credentials, check_states


def test_it_is_where_the_last_write_left_the_repository(roost: Roost, person: Person) -> None:
    """A writer's answer and everybody's view agree; nobody has to sign in to ask."""
    commit = create(person, {"n": 1}).json()["commit"]

    answer = roost.get("com.atproto.sync.getLatestCommit", did=person.did)

    assert answer.json() == commit
    assert head(person) == (commit["cid"], commit["rev"])


@INACTIVE
def test_an_inactive_repository_is_told_of_to_its_owner_alone(roost: Roost, status: str, name: str) -> None:
    """And to the administrator; for others each state has its own name."""
    check_states(roost, asking(roost, "com.atproto.sync.getLatestCommit", lambda who: {"did": who.did}), status, name)


def test_bad_credentials_are_refused(roost: Roost, anybody: Person) -> None:
    """Nobody need say who they are, but who does must be believed."""
    check_credentials(roost, asking(roost, "com.atproto.sync.getLatestCommit", lambda who: {"did": who.did}), anybody)


def test_an_unknown_repository_is_not_found(roost: Roost) -> None:
    """A DID that is not hosted here has no head here."""
    did = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"

    answer = roost.get("com.atproto.sync.getLatestCommit", did=did)

    assert refusal(answer) == (400, "RepoNotFound", f"Could not find repo: {did}")


def test_a_handle_will_not_do(roost: Roost, anybody: Person) -> None:
    """Sync is by DID alone."""
    status, name, _ = refusal(roost.get("com.atproto.sync.getLatestCommit", did=anybody.handle))

    assert (status, name) == (400, "InvalidRequest")
