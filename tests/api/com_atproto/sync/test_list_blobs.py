"""com.atproto.sync.listBlobs: which blobs an account's records refer to."""

from roost.data.cid import Cid
from support.blobs import listed, picture, reference, uploaded
from support.calls import create, head, refusal, set_status
from support.server import Person, Roost


def filled(person: Person, first: int, count: int) -> list[str]:
    """Refer to so many blobs, each in a record of its own; return their CIDs in the order of the list."""
    data = [picture(f"{n}") for n in range(first, first + count)]
    for each in data:
        assert create(person, {"pics": [uploaded(person, each), reference(each)]}).status_code == 200
    return [str(cid) for cid in sorted(Cid.of_raw(each) for each in data)]


def test_what_records_refer_to_is_listed(roost: Roost) -> None:
    """Once each, without what is temporary."""
    person = roost.person()
    cids = filled(person, 0, 3)
    uploaded(person, picture("draft"))

    assert listed(roost, person) == cids
    assert listed(roost, roost.person()) == []


def test_pages_meet(roost: Roost) -> None:
    """Each blob is on one page; the last has no cursor."""
    person = roost.person()
    cids = filled(person, 0, 5)
    seen: list[str] = []
    params: dict[str, object] = {"limit": 2}
    while True:
        page = roost.get("com.atproto.sync.listBlobs", did=person.did, **params).json()
        seen += page["cids"]
        if "cursor" not in page:
            break
        params["cursor"] = page["cursor"]

    assert seen == cids


def test_what_came_after_a_rev(roost: Roost) -> None:
    """A blob of which a later record speaks."""
    person = roost.person()
    filled(person, 0, 2)
    rev = head(person)[1]
    later = filled(person, 1, 3)

    assert listed(roost, person, since=rev) == later
    assert listed(roost, person, since=head(person)[1]) == []


def test_what_is_refused(roost: Roost) -> None:
    """A cursor that is none, a limit out of bounds, an account that is not there or not to be seen."""
    person = roost.person()

    def named(did: str, **params: object) -> tuple[int, str, str]:
        return refusal(roost.get("com.atproto.sync.listBlobs", did=did, **params))

    assert named(person.did, cursor="nonsense") == (400, "InvalidRequest", "Malformed cursor")
    assert [named(person.did, limit=limit)[1] for limit in (0, 1001)] == ["InvalidRequest"] * 2
    assert named("did:plc:nobody")[1] == "RepoNotFound"
    set_status(roost, person, "deactivated")
    assert named(person.did)[1] == "RepoDeactivated"
    assert person.get("com.atproto.sync.listBlobs", did=person.did).json() == {"cids": []}
    set_status(roost, person, "takendown")
    assert named(person.did)[1] == "RepoTakendown"
