"""com.atproto.admin.getSubjectStatus."""

from roost.data.cid import Cid
from support.administration import MISSING, ask, check_rights
from support.blobs import picture, uploaded
from support.calls import create, refusal
from support.server import Person, Roost


def test_an_account_that_nothing_was_done_to(roost: Roost, anybody: Person) -> None:
    """Neither taken down nor deactivated."""
    assert ask(roost, "getSubjectStatus", did=anybody.did).json() == {
        "subject": {"$type": "com.atproto.admin.defs#repoRef", "did": anybody.did},
        "takedown": {"applied": False},
        "deactivated": {"applied": False},
    }


def test_refusals(roost: Roost) -> None:
    """What is not here is not found; nothing is nothing to ask about."""
    assert refusal(ask(roost, "getSubjectStatus", did=MISSING)) == (400, "NotFound", "Subject not found")
    assert refusal(ask(roost, "getSubjectStatus")) == (400, "InvalidRequest", "No provided subject")


def test_rights(roost: Roost, anybody: Person) -> None:
    """It is the administrator's."""
    check_rights(roost, "GET", "getSubjectStatus", anybody, did=anybody.did)


def test_a_record_and_a_blob(roost: Roost, person: Person) -> None:
    """A record with the CID that it has now; a blob with its account's. A blob is asked about before a record, that
    before an account.
    """
    blob = uploaded(person, picture("status"))
    made = create(person, {"picture": blob}).json()
    ref = blob["ref"]
    assert isinstance(ref, dict)

    record = ask(roost, "getSubjectStatus", did=person.did, uri=made["uri"]).json()
    picture_ = ask(roost, "getSubjectStatus", did=person.did, uri=made["uri"], blob=ref["$link"]).json()

    strong = {"$type": "com.atproto.repo.strongRef", "uri": made["uri"], "cid": made["cid"]}
    assert record == {"subject": strong, "takedown": {"applied": False}}
    own = {"$type": "com.atproto.admin.defs#repoBlobRef", "did": person.did, "cid": ref["$link"]}
    assert picture_ == {"subject": own, "takedown": {"applied": False}}


def test_a_record_or_a_blob_that_is_not_here(roost: Roost, anybody: Person) -> None:
    """The account may be here or not; a URI has to be a record's, and a blob needs its account."""
    cid = str(Cid.of_raw(b"nobody has this"))
    for params in (
        {"uri": f"at://{anybody.did}/com.example.thing/none"},
        {"uri": f"at://{MISSING}/com.example.thing/none"},
        {"did": anybody.did, "blob": cid},
        {"did": MISSING, "blob": cid},
    ):
        assert refusal(ask(roost, "getSubjectStatus", **params)) == (400, "NotFound", "Subject not found")
    for bad in ({"blob": cid}, {"uri": f"at://{anybody.did}"}, {"uri": f"at://{anybody.did}/com.example.thing"}):
        assert refusal(ask(roost, "getSubjectStatus", **bad))[1] == "InvalidRequest"
