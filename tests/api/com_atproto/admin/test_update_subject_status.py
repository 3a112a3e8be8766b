"""com.atproto.admin.updateSubjectStatus."""

import random

import httpx
import pytest

from roost.data.cid import Cid
from roost.services.admin import Admin
from roost.services.identity_changes import Change, IdentityChanges
from roost.storage import events
from roost.syntax import Did
from support.administration import MISSING, ask, check_rights, noted, order
from support.blobs import fetch, picture, upload, uploaded
from support.calls import THING, at_once, create, delete, head, inside, inspected, put, read, refusal, sign_in
from support.house import opened
from support.server import PASSWORD, Person, Roost

ON, OFF = {"applied": True}, {"applied": False}


def subject(person: Person) -> dict[str, str]:
    """Name an account."""
    return {"$type": "com.atproto.admin.defs#repoRef", "did": person.did}


def update(roost: Roost, person: Person, **changes: object) -> httpx.Response:
    """Change how an account stands."""
    return order(roost, "updateSubjectStatus", subject=subject(person), **changes)


def told(roost: Roost, person: Person) -> list[object]:
    """Return the status of every #account event of an account, None where it is active."""
    server = roost.app.server
    assert server is not None
    frames = inside(roost, server.db.read(lambda tx: events.after(tx, 0, 100_000)))
    bodies = [body for name, body in (opened(frame) for _, frame in frames) if name == "#account"]
    return [body.get("status") for body in bodies if body["did"] == person.did]


def test_a_takedown_ends_sessions_and_hides_the_repository(roost: Roost, person: Person) -> None:
    """Its owner is told why, everybody else that it has been taken down, the network too."""
    session = sign_in(roost, person)

    answer = update(roost, person, takedown={"applied": True, "ref": "case 7"})

    assert answer.json() == {"subject": subject(person), "takedown": {"applied": True, "ref": "case 7"}}
    assert ask(roost, "getSubjectStatus", did=person.did).json()["takedown"] == {"applied": True, "ref": "case 7"}
    assert session.renew().status_code in (400, 401)
    assert refusal(create(person, {"n": 1}))[:2] in ((401, "AccountTakedown"), (400, "ExpiredToken"))
    body = {"identifier": person.handle, "password": PASSWORD}
    assert refusal(roost.post("com.atproto.server.createSession", json=body))[:2] == (401, "AccountTakedown")
    assert refusal(roost.get("com.atproto.sync.getRepo", did=person.did))[:2] == (400, "RepoTakendown")
    assert told(roost, person) == [None, "takendown"]


def test_a_restored_account_is_as_it_was(roost: Roost, person: Person) -> None:
    """Sessions that were ended stay ended."""
    session = sign_in(roost, person)
    update(roost, person, takedown=ON)

    answer = update(roost, person, takedown=OFF)

    assert answer.json()["takedown"] == {"applied": False}
    assert session.get().status_code == 400
    assert sign_in(roost, person).get().json()["active"] is True
    assert roost.get("com.atproto.sync.getRepo", did=person.did).status_code == 200
    assert told(roost, person) == [None, "takendown", None]


def test_a_takedown_without_a_reference_is_known_by_its_time(roost: Roost, person: Person) -> None:
    """As in the reference server."""
    assert update(roost, person, takedown=ON).json()["takedown"]["ref"].endswith("Z")


def test_the_network_is_told_again_each_time(roost: Roost, person: Person) -> None:
    """A relay that missed it can be told by asking for what is so already, or for nothing."""
    for changes in ({"takedown": ON}, {"takedown": ON}, {}):
        assert update(roost, person, **changes).status_code == 200

    assert told(roost, person) == [None, "takendown", "takendown", "takendown"]
    assert ask(roost, "getSubjectStatus", did=person.did).json()["takedown"]["applied"] is True


def test_deactivating_is_another_state(roost: Roost, person: Person) -> None:
    """It shows once the takedown is over."""
    update(roost, person, takedown=ON, deactivated=ON)
    update(roost, person, takedown=OFF)

    assert told(roost, person) == [None, "takendown", "deactivated"]
    assert ask(roost, "getSubjectStatus", did=person.did).json()["deactivated"] == {"applied": True}
    assert refusal(roost.get("com.atproto.sync.getRepo", did=person.did))[:2] == (400, "RepoDeactivated")


def test_not_both_at_once(roost: Roost, person: Person) -> None:
    """Activating what is taken down in the same breath is a contradiction, and changes nothing."""
    refused = refusal(update(roost, person, takedown=ON, deactivated=OFF))

    assert refused == (400, "InvalidRequest", "Cannot activate and takedown an account at the same time")
    assert told(roost, person) == [None]


def test_what_was_done_is_in_the_log(roost: Roost, person: Person) -> None:
    """With what it was before, and what was refused."""
    update(roost, person, takedown={"applied": True, "ref": "case 7"})
    update(roost, person, takedown=ON, deactivated=OFF)

    refused, done = noted(roost, person.did)

    assert (done.outcome, done.changed) == ("done", {"status": "takendown", "was": None, "ref": "case 7"})
    assert (refused.outcome, refused.changed) == ("InvalidRequest", {})


def test_sixteen_at_once_end_in_one_state(roost: Roost, person: Person) -> None:
    """The events tell the states in the order in which they held, and the last of them is what is so."""
    marks = [ON if n % 2 else OFF for n in range(16)]
    random.Random(7).shuffle(marks)

    answers = at_once(16, lambda n: update(roost, person, takedown=marks[n]))

    assert {answer.status_code for answer in answers} == {200}
    history = told(roost, person)[1:]
    assert sorted(map(str, history)) == ["None"] * 8 + ["takendown"] * 8
    applied = ask(roost, "getSubjectStatus", did=person.did).json()["takedown"]["applied"]
    assert applied is (history[-1] == "takendown")
    log = [entry.changed["status"] for entry in noted(roost, person.did)]
    assert list(reversed(log)) == history


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"did": "did:web:a.test"},
        {"$type": "com.example.other", "did": "did:web:a.test"},
        {"$type": "com.atproto.admin.defs#repoRef", "did": "alice"},
        {"$type": "com.atproto.admin.defs#repoRef"},
    ],
)
def test_a_subject_that_is_none(roost: Roost, bad: dict[str, str]) -> None:
    """It is refused before anything is looked up."""
    assert refusal(order(roost, "updateSubjectStatus", subject=bad, takedown=ON))[:2] == (400, "InvalidRequest")


def test_an_account_that_is_not_here(roost: Roost) -> None:
    """The network is not told of a stranger's account."""
    body = {"$type": "com.atproto.admin.defs#repoRef", "did": MISSING}

    assert refusal(order(roost, "updateSubjectStatus", subject=body, takedown=ON))[:2] == (400, "AccountNotFound")


def test_activating_states_all_of_it_anew(roost: Roost, person: Person) -> None:
    """Once the DID document has been looked at: #identity, #account and #sync."""
    update(roost, person, deactivated=ON)

    answer = update(roost, person, deactivated=OFF)

    assert answer.status_code == 200, answer.text
    assert told(roost, person) == [None, "deactivated", None]
    assert ask(roost, "getSubjectStatus", did=person.did).json()["deactivated"] == {"applied": False}
    assert create(person, {"n": 1}).status_code == 200
    assert noted(roost, person.did)[0].changed == {"status": None, "was": "deactivated"}


def test_restoring_and_activating_at_once(roost: Roost, person: Person) -> None:
    """Both may be asked for; what is taken down and stays so cannot be activated."""
    update(roost, person, takedown=ON, deactivated=ON)

    refused = refusal(update(roost, person, deactivated=OFF))
    answer = update(roost, person, takedown=OFF, deactivated=OFF)

    assert refused == (400, "InvalidRequest", "The account is taken down: restore it first")
    assert answer.json()["takedown"] == {"applied": False}
    assert told(roost, person) == [None, "takendown", "deactivated", None]


def test_an_account_whose_did_leads_elsewhere_is_not_activated(roost: Roost, person: Person) -> None:
    """It would be hosted in two places; what is wrong is told, and the account stays as it is."""
    update(roost, person, deactivated=ON)
    server = roost.app.server
    assert server is not None
    changes = server.get(IdentityChanges)

    async def leave() -> None:
        account = await server.get(Admin).account(Did.parse(person.did))
        await changes.edit(account.id, lambda state: state.with_pds("https://elsewhere.test"), Change())

    inside(roost, leave())
    status, error, message = refusal(update(roost, person, deactivated=OFF))

    assert (status, error, "elsewhere.test" in message) == (400, "InvalidRequest", True)
    assert told(roost, person)[-1] == "deactivated"


def strong(answer: httpx.Response) -> dict[str, str]:
    """Name a record that was made."""
    made = answer.json()
    return {"$type": "com.atproto.repo.strongRef", "uri": made["uri"], "cid": made["cid"]}


def test_a_record_is_hidden_and_shown_again(roost: Roost, person: Person) -> None:
    """It stays in the repository, which its owner has signed; the network is not told."""
    ref = strong(create(person, {"n": 1}))
    before, events_before = head(person), told(roost, person)

    answer = order(roost, "updateSubjectStatus", subject=ref, takedown={"applied": True, "ref": "7"})

    assert answer.json() == {"subject": ref, "takedown": {"applied": True, "ref": "7"}}
    key = ref["uri"].rpartition("/")[2]
    assert refusal(read(person, key))[1] == "RecordNotFound"
    assert ask(roost, "getSubjectStatus", uri=ref["uri"]).json()["takedown"] == {"applied": True, "ref": "7"}
    assert (head(person), told(roost, person)) == (before, events_before)
    assert inspected(person).records == 1
    (entry,) = noted(roost, person.did)
    assert (entry.subject, entry.changed) == (ref["uri"], {"takedown": "7", "was": None})

    order(roost, "updateSubjectStatus", subject=ref, takedown=OFF)
    assert read(person, key).status_code == 200


def test_a_record_by_handle_and_after_it_has_changed(roost: Roost, person: Person) -> None:
    """The place counts, in whatever way it is named and whatever stands there now."""
    ref = strong(create(person, {"n": 1}, rkey="one"))
    put(person, "one", {"n": 2})
    by_handle = ref | {"uri": f"at://{person.handle}/com.example.thing/one"}

    order(roost, "updateSubjectStatus", subject=by_handle, takedown=ON)

    assert refusal(read(person, "one"))[1] == "RecordNotFound"
    assert noted(roost, person.did)[0].subject == ref["uri"]
    delete(person, "one")
    assert order(roost, "updateSubjectStatus", subject=ref, takedown=OFF).status_code == 200


def test_a_blob_is_not_served_and_then_is(roost: Roost, person: Person) -> None:
    """Nor may it be uploaded again meanwhile."""
    data = picture("taken down")
    blob = uploaded(person, data)
    create(person, {"picture": blob})
    assert fetch(roost, person, data).status_code == 200
    link = blob["ref"]
    assert isinstance(link, dict)
    ref = {"$type": "com.atproto.admin.defs#repoBlobRef", "did": person.did, "cid": link["$link"]}

    answer = order(roost, "updateSubjectStatus", subject=ref, takedown={"applied": True, "ref": "9"})

    assert answer.json() == {"subject": ref, "takedown": {"applied": True, "ref": "9"}}
    assert fetch(roost, person, data).status_code == 400
    assert upload(person, data).status_code == 400
    shown = ask(roost, "getSubjectStatus", did=person.did, blob=link["$link"]).json()
    assert shown["takedown"] == {"applied": True, "ref": "9"}
    order(roost, "updateSubjectStatus", subject=ref, takedown=OFF)
    assert fetch(roost, person, data).status_code == 200
    assert [entry.changed for entry in noted(roost, person.did)] == [
        {"takedown": None, "was": "9"},
        {"takedown": "9", "was": None},
    ]


def test_records_and_blobs_that_are_not_here(roost: Roost, anybody: Person) -> None:
    """They are not found; nor can they be deactivated, nor be left as they are."""
    cid = str(Cid.of_raw(b"nobody has this"))
    record = {"$type": "com.atproto.repo.strongRef", "uri": f"at://{anybody.did}/{THING}/none", "cid": cid}
    blob = {"$type": "com.atproto.admin.defs#repoBlobRef", "did": anybody.did, "cid": cid}
    for ref in (record, record | {"uri": f"at://{MISSING}/{THING}/none"}, blob, blob | {"did": MISSING}):
        refused = refusal(order(roost, "updateSubjectStatus", subject=ref, takedown=ON))
        assert refused == (400, "NotFound", "Subject not found")
    for changes in ({}, {"deactivated": ON}, {"takedown": ON, "deactivated": ON}):
        assert refusal(order(roost, "updateSubjectStatus", subject=record, **changes))[1] == "InvalidRequest"


def test_a_reference_may_be_any_text_but_nul(roost: Roost, person: Person) -> None:
    """Which not every database could keep."""
    refused = refusal(update(roost, person, takedown={"applied": True, "ref": "a\0b"}))

    assert refused[:2] == (400, "InvalidRequest")
    assert told(roost, person) == [None]


def test_rights(roost: Roost, anybody: Person) -> None:
    """It is the administrator's."""
    check_rights(roost, "POST", "updateSubjectStatus", anybody, subject=subject(anybody))
