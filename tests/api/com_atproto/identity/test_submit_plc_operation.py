"""com.atproto.identity.submitPlcOperation."""

import dataclasses
import itertools

import pytest

from roost.crypto.keys import PrivateKey
from roost.identity import plc
from roost.services.caller import Scope
from support.calls import refusal, set_status
from support.identity import plc_data, plc_log, scoped, told_of
from support.server import PASSWORD, Person, Roost

_numbers = itertools.count(1)
NSID = "com.atproto.identity.submitPlcOperation"
OWNER = PrivateKey.generate()


def recoverable(roost: Roost) -> Person:
    """Make an account whose owner has a rotation key at home."""
    name = f"recoverable{next(_numbers)}"
    body = {
        "handle": f"{name}.test",
        "email": f"{name}@mail.test",
        "password": PASSWORD,
        "recoveryKey": OWNER.public.did_key,
    }
    made = roost.post("com.atproto.server.createAccount", json=body).json()
    return Person(made["did"], made["handle"], f"{name}@mail.test", made["accessJwt"], roost.client)


def operation(roost: Roost, person: Person, **changed: object) -> dict[str, object]:
    """Return an operation on a DID that its owner signed at home."""
    last = plc.parse_operation(plc_log(roost, person.did)[-1])
    assert isinstance(last, plc.Operation)
    return dict(plc.to_json(plc.update(last, dataclasses.replace(last.state, **changed), OWNER)))  # type: ignore[arg-type]


def test_an_operation_is_submitted_and_told(roost: Roost) -> None:
    """The directory has it, the event names no handle, and the document is read anew."""
    person = recoverable(roost)
    aliases = (f"at://{person.handle}", "https://example.com/me")

    answer = person.post(NSID, json={"operation": operation(roost, person, also_known_as=aliases)})

    assert (answer.status_code, answer.content) == (200, b"")
    assert plc_data(roost, person.did)["alsoKnownAs"] == list(aliases)
    assert told_of(roost, person.did)[-1] == ("#identity", None)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"rotation_keys": (OWNER.public.did_key,)}, "rotationKeys must include the server's own"),
        ({"services": {}}, "services must have an atproto_pds of type AtprotoPersonalDataServer"),
        (
            {"services": {"atproto_pds": plc.Service("Other", "http://localhost:2583")}},
            "services must have an atproto_pds of type AtprotoPersonalDataServer",
        ),
        (
            {"services": {"atproto_pds": plc.Service("AtprotoPersonalDataServer", "https://elsewhere.test")}},
            "The endpoint of atproto_pds must be http://localhost:2583",
        ),
        ({"verification_methods": {"atproto": OWNER.public.did_key}}, "The atproto key in verificationMethods must be"),
        ({"also_known_as": ("at://somebody-else.test",)}, "alsoKnownAs must begin with the account's handle"),
    ],
)
def test_what_would_end_the_hosting(roost: Roost, changed: dict[str, object], text: str) -> None:
    """Each is refused with its own text, and changes nothing."""
    person = recoverable(roost)

    status, name, message = refusal(person.post(NSID, json={"operation": operation(roost, person, **changed)}))

    assert (status, name) == (400, "InvalidRequest")
    assert text in message
    assert len(plc_log(roost, person.did)) == 1
    assert told_of(roost, person.did)[-1][0] == "#sync"


@pytest.mark.parametrize(
    "body", [{}, {"operation": None}, {"operation": []}, {"operation": {}}, {"operation": {"a": 1}}]
)
def test_what_is_no_operation(anybody: Person, body: object) -> None:
    """It is refused by its shape."""
    assert refusal(anybody.post(NSID, json=body))[:2] == (400, "InvalidRequest")


def test_a_forged_or_foreign_operation(roost: Roost, person: Person) -> None:
    """The directory judges the signature, and whose DID it is."""
    other = recoverable(roost)
    last = plc.parse_operation(plc_log(roost, person.did)[-1])
    assert isinstance(last, plc.Operation)
    forged = plc.to_json(plc.update(last, last.state, OWNER))

    assert "Invalid signature" in refusal(person.post(NSID, json={"operation": forged}))[2]
    assert refusal(other.post(NSID, json={"operation": forged}))[:2] == (400, "InvalidRequest")
    assert len(plc_log(roost, other.did)) == 1


def test_who_may(roost: Roost) -> None:
    """Any token of the account, also while it is deactivated: that is how an account moves in."""
    person = recoverable(roost)
    assert refusal(roost.post(NSID, json={"operation": {}}))[:2] == (401, "AuthMissing")
    set_status(roost, person, "deactivated")
    body = {"operation": operation(roost, person)}

    assert roost.post(NSID, json=body, headers=scoped(roost, person, Scope.APP_PASS)).status_code == 200
