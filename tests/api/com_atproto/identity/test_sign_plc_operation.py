"""com.atproto.identity.signPlcOperation."""

from collections.abc import Mapping

import httpx
import pytest

from roost.crypto.keys import PrivateKey
from roost.services.caller import Scope
from support.calls import at_once, refusal, set_status
from support.identity import plc_data, plc_log, scoped
from support.server import Person, Roost

NSID = "com.atproto.identity.signPlcOperation"


def token(roost: Roost, person: Person) -> str:
    """Ask for a token, and read it in the mail."""
    assert person.post("com.atproto.identity.requestPlcOperationSignature").status_code == 200
    return roost.mailbox.to(person.email)[-1].tokens[0]


def sign(person: Person, **body: object) -> httpx.Response:
    """Ask for a signature."""
    return person.post(NSID, json=body)


def test_a_signed_operation_is_taken_by_the_directory(roost: Roost, person: Person) -> None:
    """It is signed and not submitted; its fields are the wanted ones and otherwise those of the last operation."""
    key = PrivateKey.generate().public.did_key
    before = plc_data(roost, person.did)
    keys = [key, *_list(before["rotationKeys"])]

    answer = sign(person, token=token(roost, person), rotationKeys=keys)

    assert answer.status_code == 200, answer.text
    operation = answer.json()["operation"]
    assert set(answer.json()) == {"operation"}
    assert len(plc_log(roost, person.did)) == 1
    assert httpx.post(f"{roost.plc_url}/{person.did}", json=operation).status_code == 200
    assert plc_data(roost, person.did) == before | {"rotationKeys": keys}


def test_tokens(roost: Roost, person: Person) -> None:
    """None, a wrong one, and a used one sign nothing; spaces and small letters do not matter."""
    missing = (400, "InvalidRequest", "email confirmation token required to sign PLC operations")
    assert refusal(sign(person)) == missing
    assert refusal(sign(person, token="")) == missing
    assert refusal(sign(person, token="AAAAA-AAAAA")) == (400, "InvalidToken", "Token is invalid")
    good = token(roost, person)
    assert sign(person, token=f" {good.lower()} ").status_code == 200
    assert refusal(sign(person, token=good)) == (400, "InvalidToken", "Token is invalid")


def test_sixteen_use_one_token(roost: Roost, person: Person) -> None:
    """One of them gets a signature."""
    good = token(roost, person)

    answers = at_once(16, lambda _: sign(person, token=good))

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 15


def test_another_persons_token(roost: Roost, person: Person, anybody: Person) -> None:
    """It signs nothing for anybody else, and stays good."""
    good = token(roost, person)

    assert refusal(sign(anybody, token=good))[:2] == (400, "InvalidToken")
    assert sign(person, token=good).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"rotationKeys": []},
        {"rotationKeys": ["did:key:x"]},
        {"rotationKeys": "x"},
        {"alsoKnownAs": [7]},
        {"verificationMethods": []},
        {"verificationMethods": {"atproto": {"$link": "x"}}},
        {"services": {"atproto_pds": "x"}},
        {"services": {"x": {"type": "x", "endpoint": {"$bytes": "AAAA"}}}},
        {"token": 7},
    ],
)
def test_what_cannot_be_signed(roost: Roost, person: Person, body: Mapping[str, object]) -> None:
    """A mistake is told, and does not cost the token."""
    good = token(roost, person)

    status, name, _ = refusal(sign(person, **({"token": good} | dict(body))))

    assert (status, name) == (400, "InvalidRequest")
    assert sign(person, token=good).status_code == 200


def test_who_may(roost: Roost, person: Person) -> None:
    """Not an app password; an account that was taken down with the token for that."""
    good = token(roost, person)
    assert refusal(roost.post(NSID, json={"token": good}))[:2] == (401, "AuthMissing")
    app = roost.post(NSID, json={"token": good}, headers=scoped(roost, person, Scope.APP_PASS))
    assert refusal(app) == (400, "InvalidToken", "Bad token scope")

    set_status(roost, person, "takendown")
    answer = roost.post(NSID, json={"token": good}, headers=scoped(roost, person, Scope.TAKENDOWN))
    assert answer.status_code == 200


def _list(value: object) -> list[str]:
    assert isinstance(value, list)
    return value
