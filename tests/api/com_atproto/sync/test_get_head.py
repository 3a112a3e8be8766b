"""com.atproto.sync.getHead."""

from support.calls import create
from support.server import Person, Roost
from support.states import INACTIVE, asking, check_credentials, check_states

NSID = "com.atproto.sync.getHead"


def test_it_is_the_latest_commit(roost: Roost, person: Person) -> None:
    """The old name for the same thing."""
    commit = create(person, {"n": 1}).json()["commit"]

    assert roost.get(NSID, did=person.did).json() == {"root": commit["cid"]}


@INACTIVE
def test_states(roost: Roost, status: str, name: str) -> None:
    """Where an inactive account stands is told to itself and the administrator."""
    check_states(roost, asking(roost, NSID, lambda person: {"did": person.did}), status, name)


def test_credentials(roost: Roost, anybody: Person) -> None:
    """Nobody need say who they are, but who does must be believed."""
    check_credentials(roost, asking(roost, NSID, lambda person: {"did": person.did}), anybody)
