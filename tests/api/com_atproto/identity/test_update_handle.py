"""com.atproto.identity.updateHandle."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from support.calls import at_once, bearer, refusal, set_status, sign_in
from support.identity import plc_data, plc_log, session_handle, told_of
from support.nameserver import Nameserver, nameserver
from support.server import Person, Roost, running

NSID = "com.atproto.identity.updateHandle"


def update(person: Person, handle: object) -> httpx.Response:
    """Ask for another handle."""
    return person.post(NSID, json={"handle": handle})


def handle_of(roost: Roost, did: str) -> object:
    """Return the alias that the directory has first."""
    aliases = plc_data(roost, did)["alsoKnownAs"]
    assert isinstance(aliases, list)
    return aliases[0]


@pytest.fixture
def names() -> Iterator[Nameserver]:
    """A nameserver."""
    with nameserver() as served:
        yield served


@pytest.fixture
def two_domains(tmp_path: Path, names: Nameserver) -> Iterator[Roost]:
    """A server that gives out handles under two domains, and asks that nameserver."""
    flags = {"handle_domains": ".test,.people.example.net", "nameservers": names.address}
    with running(tmp_path, **flags) as roost:
        yield roost


def test_the_new_handle_is_everywhere(roost: Roost, person: Person) -> None:
    """In the directory, the session, the event, and where the handle is resolved; the old one leads nowhere."""
    new = f"new-{person.handle}"

    answer = update(person, new.upper())

    assert (answer.status_code, answer.content) == (200, b"")
    assert handle_of(roost, person.did) == f"at://{new}"
    assert session_handle(person) == new
    assert told_of(roost, person.did)[-1] == ("#identity", new)
    assert roost.get("com.atproto.identity.resolveHandle", handle=new).json() == {"did": person.did}
    assert refusal(roost.get("com.atproto.identity.resolveHandle", handle=person.handle))[1] == "HandleNotFound"
    described = roost.get("com.atproto.repo.describeRepo", repo=person.did).json()
    assert (described["handle"], described["handleIsCorrect"]) == (new, True)


def test_the_same_again_is_told_again(roost: Roost, person: Person) -> None:
    """A client that heard nothing repeats itself: the network is told anew, the directory is left alone."""
    new = f"new-{person.handle}"
    assert [update(person, new).status_code for _ in range(2)] == [200, 200]

    assert told_of(roost, person.did)[-2:] == [("#identity", new), ("#identity", new)]
    assert len(plc_log(roost, person.did)) == 2


@pytest.mark.parametrize(
    ("handle", "name", "message"),
    [
        ("j.test", "InvalidHandle", "Handle too short"),
        ("a" * 19 + ".test", "InvalidHandle", "Handle too long"),
        ("a.b.test", "InvalidHandle", "Invalid characters in handle"),
        ("alice.onion", "InvalidHandle", "Handle TLD is invalid or disallowed"),
        ("about.test", "HandleNotAvailable", "Reserved handle"),
        ("atp.test", "HandleNotAvailable", "Reserved handle"),
    ],
)
def test_handles_nobody_can_have(roost: Roost, anybody: Person, handle: str, name: str, message: str) -> None:
    """Each says why."""
    assert refusal(update(anybody, handle)) == (400, name, message)
    assert handle_of(roost, anybody.did) == f"at://{anybody.handle}"


def test_a_handle_that_is_taken(roost: Roost, person: Person, anybody: Person) -> None:
    """Whether its account is active or not."""
    taken = (400, "HandleNotAvailable", f"Handle already taken: {person.handle}")
    assert refusal(update(anybody, person.handle)) == taken

    set_status(roost, person, "deactivated")
    assert refusal(update(anybody, person.handle.upper())) == taken


@pytest.mark.parametrize("body", [{}, {"handle": None}, {"handle": ""}, {"handle": "nonsense"}, {"handle": 7}, []])
def test_what_is_no_handle(anybody: Person, body: object) -> None:
    """The lexicon refuses it before anything is looked at."""
    status, name, _ = refusal(anybody.post(NSID, json=body))

    assert (status, name) == (400, "InvalidRequest")


def test_who_may(roost: Roost, person: Person) -> None:
    """The account's own tokens, also while it is deactivated; not nobody, a refresh token, or one taken down."""
    body = {"handle": f"new-{person.handle}"}
    session = sign_in(roost, person)
    assert refusal(roost.post(NSID, json=body))[:2] == (401, "AuthMissing")
    assert refusal(roost.post(NSID, json=body, headers=bearer(session.refresh)))[:2] == (400, "InvalidToken")
    assert refusal(roost.post(NSID, json=body, auth=roost.admin))[:2] == (400, "InvalidToken")

    set_status(roost, person, "takendown")
    assert refusal(person.post(NSID, json=body))[:2] == (401, "AccountTakedown")
    set_status(roost, person, "deactivated")
    assert person.post(NSID, json=body).status_code == 200


def test_many_want_one_handle(roost: Roost) -> None:
    """Of sixteen people one gets it, and no DID says what its account does not."""
    people = [roost.person("racer") for _ in range(16)]

    answers = at_once(16, lambda n: update(people[n], "the-one.test"))

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 15
    for person, answer in zip(people, answers, strict=True):
        assert handle_of(roost, person.did) == f"at://{session_handle(person)}"
        assert (session_handle(person) == "the-one.test") == (answer.status_code == 200)


def test_one_wants_many_handles(roost: Roost, person: Person) -> None:
    """Sixteen changes of one account come one after another, and both sides end with the same."""
    answers = at_once(16, lambda n: update(person, f"{person.handle.removesuffix('.test')}-{n}.test"))

    assert {answer.status_code for answer in answers} == {200}
    assert handle_of(roost, person.did) == f"at://{session_handle(person)}"
    assert len(plc_log(roost, person.did)) == 17


def test_two_domains(two_domains: Roost) -> None:
    """Handles are given out under each, and a registration may choose too."""
    person = two_domains.person()

    assert update(person, "somebody.people.example.net").status_code == 200
    assert refusal(update(person, "a.b.people.example.net"))[2] == "Invalid characters in handle"
    assert refusal(update(person, "jo.people.example.net"))[2] == "Handle too short"
    body = {"handle": "bob.people.example.net", "email": "bob@mail.test", "password": "correct horse"}
    assert two_domains.post("com.atproto.server.createAccount", json=body).status_code == 200
    assert two_domains.get("com.atproto.server.describeServer").json()["availableUserDomains"] == [
        ".test",
        ".people.example.net",
    ]


def test_a_domain_of_ones_own(two_domains: Roost, names: Nameserver) -> None:
    """It must lead to the DID, by a TXT record in however many pieces."""
    person, other = two_domains.person(), two_domains.person()
    refused = (400, "InvalidRequest", "External handle did not resolve to DID")
    assert refusal(update(person, "me.example.com")) == refused
    names.proves("me.example.com", other.did)
    assert refusal(update(person, "me.example.com")) == refused

    names.proves("me.example.com", person.did)
    assert update(person, "me.example.com").status_code == 200

    assert handle_of(two_domains, person.did) == "at://me.example.com"
    assert told_of(two_domains, person.did)[-1] == ("#identity", "me.example.com")
    assert names.asked.count("_atproto.me.example.com") == 3


def test_a_directory_that_is_gone(tmp_path: Path) -> None:
    """Nothing changes, and the answer says whose fault it is."""
    with running(tmp_path) as roost:
        person = roost.person()
    with running(tmp_path, plc_url="http://127.0.0.1:9") as roost:
        answer = roost.client.post(f"/xrpc/{NSID}", json={"handle": "new-name.test"}, headers=person.auth)

        assert refusal(answer)[:2] == (502, "UpstreamFailure")
        assert told_of(roost, person.did)[-1][0] == "#sync"
