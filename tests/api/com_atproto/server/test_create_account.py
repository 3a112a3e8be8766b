"""com.atproto.server.createAccount."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from support.calls import at_once, head, inside, refusal, session_of
from support.moving import CREATE, ask_in
from support.server import PASSWORD, Person, Roost, running
from support.strangers import Stranger

_numbers = itertools.count(1)


def join(roost: Roost, **changed: object) -> httpx.Response:
    """Ask for an account; a field that is None is left out."""
    name = f"joiner{next(_numbers)}"
    usual: dict[str, object] = {"handle": f"{name}.test", "email": f"{name}@mail.test", "password": PASSWORD}
    body = {field: value for field, value in (usual | changed).items() if value is not None}
    return roost.post("com.atproto.server.createAccount", json=body)


def test_a_new_account_can_be_used_at_once(roost: Roost) -> None:
    """Its DID resolves to its handle and this server, its session is open, its repository is there."""
    answer = join(roost, handle="Fresh-One.test")

    told = answer.json()
    assert set(told) == {"handle", "did", "didDoc", "accessJwt", "refreshJwt"}
    assert re.fullmatch(r"did:plc:[a-z2-7]{24}", told["did"])
    assert told["handle"] == "fresh-one.test"
    assert told["didDoc"] == roost.client.get(f"{roost.plc_url}/{told['did']}").json()
    assert told["didDoc"]["alsoKnownAs"] == ["at://fresh-one.test"]
    session = session_of(roost, answer)
    assert session.get().json()["did"] == told["did"]
    assert session.renew().status_code == 200
    person = Person(told["did"], told["handle"], "", session.access, roost.client)
    assert head(person)[0].startswith("bafyrei")


@pytest.mark.parametrize(
    ("changed", "name", "text"),
    [
        ({"handle": "j.test"}, "InvalidHandle", "Handle too short"),
        ({"handle": "nineteencharactersx.test"}, "InvalidHandle", "Handle too long"),
        ({"handle": "a.b.test"}, "InvalidHandle", "Invalid characters in handle"),
        ({"handle": "alice.onion"}, "InvalidHandle", "Handle TLD is invalid or disallowed"),
        ({"handle": "john.bsky.io"}, "UnsupportedDomain", "Not a supported handle domain"),
        ({"handle": "about.test"}, "HandleNotAvailable", "Reserved handle"),
        ({"email": None}, "InvalidRequest", "Email is required"),
        ({"email": "nonsense"}, "InvalidRequest", "This email address is not supported, please use a different email."),
        ({"password": None}, "InvalidRequest", "Password is required"),
        ({"password": "short"}, "InvalidPassword", "Invalid password: it must have at least 8 characters."),
        ({"password": "x" * 257}, "InvalidPassword", "Invalid password length: it may have at most 256 characters."),
        ({"plcOp": {"type": "plc_operation"}}, "InvalidRequest", 'Unsupported input: "plcOp"'),
        ({"recoveryKey": "nonsense"}, "InvalidRequest", "The PLC directory refused: Invalid rotationKey: nonsense"),
    ],
)
def test_what_cannot_be_had_is_refused(roost: Roost, changed: dict[str, object], name: str, text: str) -> None:
    """In the words of the reference server where it has any."""
    assert refusal(join(roost, **changed)) == (400, name, text)


@pytest.mark.parametrize("handle", [None, "", "nonsense", "did:plc:abc", "a b.test", 7])
def test_a_handle_is_needed(roost: Roost, handle: object) -> None:
    """One that has the form of one."""
    status, name, text = refusal(join(roost, handle=handle))

    assert (status, name) == (400, "InvalidRequest")
    assert text.startswith("Invalid com.atproto.server.createAccount input: ")


def test_names_are_given_once(roost: Roost, anybody: Person) -> None:
    """However they are spelt."""
    taken = join(roost, handle=anybody.handle.upper())
    assert refusal(taken) == (400, "HandleNotAvailable", f"Handle already taken: {anybody.handle}")

    status, name, text = refusal(join(roost, email=anybody.email.upper()))
    assert (status, name) == (400, "InvalidRequest")
    assert text.lower() == f"email already taken: {anybody.email}"


def test_somebody_elses_did_needs_proof(roost: Roost, anybody: Person) -> None:
    """Nobody moves a DID here without a token of its own key."""
    answer = join(roost, did=anybody.did)

    text = f"Missing auth to create account with did: {anybody.did}"
    assert refusal(answer) == (401, "AuthenticationRequired", text)


def test_of_sixteen_who_want_one_handle_one_gets_it(roost: Roost) -> None:
    """The others are told that it is taken, and may ask for another with the same address."""
    name = f"racer{next(_numbers)}"

    answers = at_once(16, lambda n: join(roost, handle=f"{name}.test", email=f"{name}-{n}@mail.test"))

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 15
    assert {refusal(answer) for answer in answers if answer.status_code == 400} == {
        (400, "HandleNotAvailable", f"Handle already taken: {name}.test")
    }
    (loser, *_) = [n for n, answer in enumerate(answers) if answer.status_code == 400]
    assert join(roost, email=f"{name}-{loser}@mail.test").status_code == 200


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roost]:
    """A server that one needs an invite for."""
    with running(tmp_path_factory.mktemp("private"), invite_required=True) as server:
        yield server


def invite(roost: Roost) -> str:
    """Make an invite code for one."""
    answer = roost.post("com.atproto.server.createInviteCode", json={"useCount": 1}, auth=roost.admin)
    return str(answer.json()["code"])


def test_an_invite_is_needed_and_used_up(private: Roost) -> None:
    """None, a made-up one and a used one are refused."""
    code = invite(private)
    missing, unavailable = "No invite code provided", "Provided invite code not available"

    assert refusal(join(private)) == (400, "InvalidInviteCode", missing)
    assert refusal(join(private, inviteCode="nonsense")) == (400, "InvalidInviteCode", unavailable)
    assert join(private, inviteCode=code).status_code == 200
    assert refusal(join(private, inviteCode=code)) == (400, "InvalidInviteCode", unavailable)


def test_an_invite_that_is_not_needed_counts_if_it_is_good(roost: Roost) -> None:
    """Whoever gave it out sees whom it has brought; one that is used up, or never was one, is as if there were none."""
    code = invite(roost)

    first, second, third = [join(roost, inviteCode=each) for each in (code, code, "no\0code")]
    stranger = Stranger.register(roost)
    assert ask_in(roost, stranger, inviteCode=(other := invite(roost))).status_code == 200

    assert [answer.status_code for answer in (first, second, third)] == [200] * 3
    assert (uses(roost, code), uses(roost, other)) == ([first.json()["did"]], [str(stranger.did)])


def uses(roost: Roost, code: str) -> list[str]:
    """Return whom an invite has admitted."""
    answer = roost.client.get("/xrpc/com.atproto.admin.getInviteCodes?limit=500", auth=roost.admin)
    (found,) = [each for each in answer.json()["codes"] if each["code"] == code]
    assert found["available"] == 1
    return [use["usedBy"] for use in found["uses"]]


def test_of_sixteen_with_one_invite_one_gets_in(private: Roost) -> None:
    """A code for one admits one, however many come at once."""
    code = invite(private)

    statuses = [answer.status_code for answer in at_once(16, lambda _: join(private, inviteCode=code))]

    assert sorted(statuses) == [200] + [400] * 15


def test_a_directory_that_is_not_there_is_not_the_callers_fault(tmp_path: Path) -> None:
    """502; and names and invite are free again at once."""
    with running(tmp_path, invite_required=True, plc_url="http://127.0.0.1:9") as roost:
        code = invite(roost)
        for _ in range(2):
            answer = join(roost, handle="again.test", email="again@mail.test", inviteCode=code)
            text = "The DID could not be registered; try again later"
            assert refusal(answer) == (502, "UpstreamFailure", text)


def test_a_did_moves_here_with_a_token_of_its_own_key(roost: Roost) -> None:
    """The account waits, deactivated, with an empty repository; its DID is left alone, and nobody is told."""
    stranger = Stranger.register(roost)
    before = roost.client.get(f"{roost.plc_url}/{stranger.did}/log").json()

    answer = ask_in(roost, stranger)

    told = answer.json()
    assert set(told) == {"handle", "did", "didDoc", "accessJwt", "refreshJwt"}
    assert told["did"] == stranger.did
    assert told["didDoc"] == roost.client.get(f"{roost.plc_url}/{stranger.did}").json()
    assert roost.client.get(f"{roost.plc_url}/{stranger.did}/log").json() == before
    session = session_of(roost, answer).get().json()
    assert (session["did"], session["active"], session["status"]) == (stranger.did, False, "deactivated")
    assert refusal(roost.get("com.atproto.sync.getLatestCommit", did=stranger.did))[1] == "RepoDeactivated"
    server = roost.app.server
    assert server is not None
    told_of = server.db.read(
        lambda tx: tx.all("SELECT 1 FROM event WHERE account = (SELECT id FROM account WHERE did = ?)", stranger.did)
    )
    assert inside(roost, told_of) == []


def test_a_token_moves_only_its_own_did_and_only_once(roost: Roost) -> None:
    """Another's, one for another method or server, one that was used, one by another key."""
    stranger, other = Stranger.register(roost), Stranger.register(roost)
    used = stranger.token(roost, CREATE)

    def asked(token: str) -> tuple[int, str]:
        return refusal(ask_in(roost, stranger, token))[:2]

    assert asked(other.token(roost, CREATE)) == (401, "AuthenticationRequired")
    assert asked(stranger.token(roost, "com.atproto.repo.uploadBlob"))[0] == 401
    assert asked(stranger.token(roost, CREATE, aud="did:web:elsewhere.test"))[0] == 401
    assert asked(stranger.token(roost, CREATE, exp=1))[0] == 401
    key, stranger.key = stranger.key, other.key
    assert asked(stranger.token(roost, CREATE))[0] == 401
    stranger.key = key
    assert ask_in(roost, stranger, used).status_code == 200
    assert asked(used)[0] == 401
    assert asked(stranger.token(roost, CREATE)) == (400, "AlreadyExists")


def test_the_handle_of_a_newcomer(roost: Roost, anybody: Person) -> None:
    """One of ours that is free, or a domain that leads to the DID already."""
    stranger = Stranger.register(roost)

    def asked(**changed: str) -> tuple[int, str, str]:
        return refusal(ask_in(roost, stranger, **changed))

    assert asked(handle=anybody.handle)[:2] == (400, "HandleNotAvailable")
    assert asked(handle="about.test")[:2] == (400, "HandleNotAvailable")
    assert asked(handle="a.test")[:2] == (400, "InvalidHandle")
    assert asked(handle="someone.invalid")[:2] == (400, "InvalidHandle")
    assert asked(handle="nobody.elsewhere.dev") == (400, "InvalidRequest", "External handle did not resolve to DID")
    assert asked(email=anybody.email)[:2] == (400, "InvalidRequest")
    assert asked(recoveryKey="did:key:zQ3shhCGUqDKjStzuDxPkTxN6ujddP4RkEKJJouJGRRkaLGbg")[:2] == (400, "InvalidRequest")
    assert ask_in(roost, stranger).status_code == 200


def test_sixteen_ask_for_one_did(roost: Roost) -> None:
    """One gets the account, the others are told that it is there."""
    stranger = Stranger.register(roost)

    answers = at_once(16, lambda _: ask_in(roost, stranger))

    refused = [refusal(answer)[:2] for answer in answers if answer.status_code != 200]
    assert len(refused) == 15
    assert set(refused) <= {(400, "AlreadyExists"), (429, "RateLimitExceeded")}


def test_an_invite_admits_a_newcomer(tmp_path: Path) -> None:
    """Where one is needed to join, it is needed to move in, and used up."""
    with running(tmp_path, invite_required=True) as own:
        stranger, second = Stranger.register(own), Stranger.register(own)
        made = own.post("com.atproto.server.createInviteCode", json={"useCount": 1}, auth=own.admin)
        code = made.json()["code"]

        assert refusal(ask_in(own, stranger))[:2] == (400, "InvalidInviteCode")
        assert ask_in(own, stranger, inviteCode=code).status_code == 200
        assert refusal(ask_in(own, second, inviteCode=code))[:2] == (400, "InvalidInviteCode")


def test_another_authorization_header_is_refused(roost: Roost) -> None:
    """A session does not make accounts, nor does a password."""
    person = roost.person()

    for headers in (person.auth, {"authorization": "Basic YTpi"}):
        answer = roost.post(CREATE, json={"handle": "x.test"}, headers=headers)
        assert answer.status_code in (400, 401)
