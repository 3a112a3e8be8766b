"""com.atproto.sync.getCheckout."""

from support.calls import fill
from support.server import Person, Roost
from support.states import INACTIVE, asking, check_credentials, check_states

NSID = "com.atproto.sync.getCheckout"


def test_it_is_the_whole_repository(roost: Roost, person: Person) -> None:
    """Byte for byte what getRepo answers."""
    fill(person, 20)

    answer = roost.get(NSID, did=person.did)

    assert answer.headers["content-type"] == "application/vnd.ipld.car"
    assert answer.content == roost.get("com.atproto.sync.getRepo", did=person.did).content


@INACTIVE
def test_states(roost: Roost, status: str, name: str) -> None:
    """An inactive account's repository is its own and the administrator's to read."""
    check_states(roost, asking(roost, NSID, lambda person: {"did": person.did}), status, name)


def test_credentials(roost: Roost, anybody: Person) -> None:
    """Nobody need say who they are, but who does must be believed."""
    check_credentials(roost, asking(roost, NSID, lambda person: {"did": person.did}), anybody)
