"""Telling the moderators."""

from collections.abc import Iterator

import pytest

from roost.crypto import service_jwt
from roost.services import reports
from roost.services.caller import Scope
from support.calls import refusal, set_status
from support.scopes import as_scope
from support.server import Person, Roost, running
from support.upstream import Service, service

NSID = "com.atproto.moderation.createReport"
ACCOUNT = {"$type": "com.atproto.admin.defs#repoRef", "did": "did:web:bad.test"}
RECORD = {
    "$type": "com.atproto.repo.strongRef",
    "uri": "at://did:web:bad.test/app.bsky.feed.post/3jzfcijpj2z2a",
    "cid": "bafyreie5cvv4h45feadgeuwhbcutmh6t2ceseocckahdoe6uat64zmz454",
}
SPAM = "com.atproto.moderation.defs#reasonSpam"
BODY: dict[str, object] = {"reasonType": SPAM, "subject": ACCOUNT}


@pytest.mark.parametrize("subject", [ACCOUNT, RECORD])
def test_a_report_is_kept(roost: Roost, person: Person, subject: dict[str, object]) -> None:
    """And told back as it was taken; an operator finds it."""
    body = BODY | {"subject": subject | {"more": "ignored"}, "reason": "look", "modTool": {"name": "app/web"}}

    answer = person.post(NSID, json=body)

    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["createdAt"].endswith("Z")
    assert {name: told[name] for name in ("reasonType", "subject", "reason", "reportedBy")} == {
        "reasonType": SPAM,
        "subject": subject,
        "reason": "look",
        "reportedBy": person.did,
    }
    kept = roost.client.get("/_roost/reports", auth=roost.admin).json()["reports"]
    assert [each["reason"] for each in kept if each["id"] == told["id"]] == ["look"]


def test_a_report_needs_no_words(person: Person) -> None:
    """What is not said is left out."""
    assert "reason" not in person.post(NSID, json=BODY).json()


@pytest.mark.parametrize(
    "change",
    [
        {"subject": None},
        {"subject": {}},
        {"subject": {"did": "did:web:bad.test"}},
        {"subject": {"$type": "com.example.other", "did": "did:web:bad.test"}},
        {"subject": {"$type": "com.atproto.admin.defs#repoBlobRef", "did": "did:web:bad.test"}},
        {"subject": {"$type": "com.atproto.admin.defs#repoRef"}},
        {"subject": {"$type": "com.atproto.admin.defs#repoRef", "did": "bad.test"}},
        {"subject": RECORD | {"cid": "none"}},
        {"reasonType": None},
        {"reasonType": 1},
        {"reason": "x" * 20_001},
        {"reason": "x" * 2_001},
    ],
)
def test_what_is_no_report_is_refused(person: Person, change: dict[str, object]) -> None:
    """Named, as any bad input."""
    assert refusal(person.post(NSID, json=BODY | change))[:2] == (400, "InvalidRequest")


def test_an_account_that_was_taken_down_may_appeal(roost: Roost, person: Person) -> None:
    """So may one that is deactivated."""
    set_status(roost, person, "deactivated")
    assert person.post(NSID, json=BODY).status_code == 200
    leaving = as_scope(roost, person, Scope.TAKENDOWN)
    set_status(roost, person, "takendown")

    assert leaving.post(NSID, json=BODY).status_code == 200
    assert refusal(person.post(NSID, json=BODY))[:2] == (401, "AccountTakedown")
    assert refusal(roost.post(NSID, json=BODY))[1] == "AuthMissing"


def test_nobody_reports_all_day(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account's reports are bounded; others go on."""
    monkeypatch.setattr(reports, "REPORTS_A_DAY", 2)

    answers = [person.post(NSID, json=BODY) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert refusal(answers[2])[1:] == ("RateLimitExceeded", "No more than 2 reports a day")
    assert 86_300 < int(answers[2].headers["retry-after"]) <= 86_401


# With a service for them


@pytest.fixture(scope="module")
def moderators() -> Iterator[Service]:
    """A service that takes reports."""
    with service() as made:
        yield made


@pytest.fixture(scope="module")
def moderated(moderators: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roost]:
    """A server whose settings name it."""
    folder = tmp_path_factory.mktemp("moderated")
    with running(folder, mod_service_url=moderators.url, mod_service_did="did:web:mods.test") as roost:
        yield roost


def test_a_report_goes_to_the_service_for_it(moderated: Roost, moderators: Service) -> None:
    """As it is, in the account's name; and is not kept here."""
    person = moderated.person()

    answer = person.post(NSID, json=BODY)

    assert answer.json() == {"hello": "there"}
    token = service_jwt.parse(moderators.last.headers["authorization"].removeprefix("Bearer ")).claims
    assert (token["iss"], token["aud"], token["lxm"]) == (person.did, "did:web:mods.test", NSID)
    assert moderated.client.get("/_roost/reports", auth=moderated.admin).json()["reports"] == []


def test_an_appeal_goes_there_too(moderated: Roost, moderators: Service) -> None:
    """Whatever the state of the account; but nothing else does."""
    person = moderated.person()
    leaving = as_scope(moderated, person, Scope.TAKENDOWN)
    set_status(moderated, person, "takendown")
    before = len(moderators.asked)

    assert leaving.post(NSID, json=BODY).json() == {"hello": "there"}
    assert refusal(leaving.post("tools.ozone.moderation.emitEvent", json={})) == (
        400,
        "InvalidToken",
        "Bad token scope",
    )
    assert refusal(moderated.post(NSID, json=BODY))[1] == "AuthMissing"
    assert len(moderators.asked) == before + 1


def test_a_report_goes_to_whom_the_client_names(roost: Roost, person: Person) -> None:
    """A labeler that the reader subscribes to; one that cannot be found is told, and nothing is kept."""
    named = {"atproto-proxy": "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa#atproto_labeler"}
    answer = roost.client.post(f"/xrpc/{NSID}", json=BODY, headers=person.auth | named)

    assert refusal(answer) == (400, "InvalidRequest", "could not resolve proxy did")
