"""com.atproto.server.checkAccountStatus."""

from support.blobs import uploaded
from support.calls import create, fill, head, refusal
from support.server import Person, Roost
from support.standing import deactivate, program, take_down

NSID = "com.atproto.server.checkAccountStatus"


def test_a_fresh_account(roost: Roost, person: Person) -> None:
    """A commit and an empty tree; a program may ask."""
    cid, rev = head(person)

    assert program(roost, person).get(NSID).json() == {
        "activated": True,
        "validDid": True,
        "repoCommit": cid,
        "repoRev": rev,
        "repoBlocks": 2,
        "indexedRecords": 0,
        "privateStateValues": 0,
        "expectedBlobs": 0,
        "importedBlobs": 0,
    }


def test_what_is_there_is_counted(roost: Roost, person: Person) -> None:
    """Equal records are one block; a blob is expected once, however often it is referred to."""
    blob = uploaded(person, b"\x89PNG picture")
    fill(person, 3)
    for _ in range(2):
        assert create(person, {"picture": blob, "again": [blob]}).status_code == 200

    told = person.get(NSID).json()

    assert told["indexedRecords"] == 5
    assert told["repoBlocks"] >= 1 + 1 + 4
    assert (told["expectedBlobs"], told["importedBlobs"]) == (1, 1)


def test_a_deactivated_account(roost: Roost, person: Person) -> None:
    """Is told that it is, and may look."""
    deactivate(roost, person)

    assert person.get(NSID).json()["activated"] is False


def test_a_takendown_account_and_nobody(roost: Roost, person: Person) -> None:
    """Are told nothing."""
    assert refusal(roost.get(NSID))[:2] == (401, "AuthMissing")
    take_down(roost, person)
    assert refusal(person.get(NSID))[:2] == (401, "AccountTakedown")
