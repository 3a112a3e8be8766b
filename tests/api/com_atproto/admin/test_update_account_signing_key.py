"""com.atproto.admin.updateAccountSigningKey."""

import pytest

from roost.crypto.keys import PrivateKey, PublicKey
from roost.data.cid import Cid
from roost.repo import inspect
from support.administration import MISSING, check_rights, noted, order
from support.calls import create, exported, refusal
from support.identity import plc_data, told_of
from support.server import Person, Roost


def reserved(roost: Roost, did: str) -> str:
    """Have a key made for an account."""
    answer = roost.post("com.atproto.server.reserveSigningKey", json={"did": did})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["signingKey"])


def signing_key(roost: Roost, did: str) -> str:
    """Return the key that the DID document names."""
    methods = plc_data(roost, did)["verificationMethods"]
    assert isinstance(methods, dict)
    return str(methods["atproto"])


def test_the_account_signs_with_the_new_key(roost: Roost, person: Person) -> None:
    """The directory has it, the commit is signed anew, the network is told in that order; writing goes on."""
    create(person, {"n": 1})
    key = reserved(roost, person.did)

    answer = order(roost, "updateAccountSigningKey", did=person.did, signingKey=key)

    assert (answer.status_code, answer.content) == (200, b"")
    assert signing_key(roost, person.did) == key
    assert [name for name, _ in told_of(roost, person.did)][-3:] == ["#identity", "#commit", "#sync"]
    assert create(person, {"n": 2}).status_code == 200
    found = exported(person)
    assert inspect(Cid(found.roots[0]), found.blocks, PublicKey.from_did_key(key)).signed
    assert [entry.outcome for entry in noted(roost, person.did)] == ["done", "begun"]
    assert reserved(roost, person.did) != key


def test_the_key_that_it_has_is_said_again(roost: Roost, person: Person) -> None:
    """For a document that says otherwise; nothing is signed anew."""
    answer = order(roost, "updateAccountSigningKey", did=person.did, signingKey=signing_key(roost, person.did))

    assert answer.status_code == 200
    assert told_of(roost, person.did)[-1][0] == "#identity"


def test_a_key_that_is_not_held_here_is_refused(roost: Roost, person: Person, anybody: Person) -> None:
    """Neither a stranger's, nor one made for another account or for nobody yet: the account could not write."""
    stranger = PrivateKey.generate().public.did_key
    spare = str(roost.post("com.atproto.server.reserveSigningKey", json={}).json()["signingKey"])
    before = signing_key(roost, person.did)

    for key in (stranger, spare, reserved(roost, anybody.did)):
        status, error, message = refusal(order(roost, "updateAccountSigningKey", did=person.did, signingKey=key))
        assert (status, error, "reserveSigningKey" in message) == (400, "InvalidRequest", True)

    assert signing_key(roost, person.did) == before
    assert create(person, {"n": 1}).status_code == 200


@pytest.mark.parametrize("key", ["", "did:key:z", "did:web:a.test", "nonsense"])
def test_what_is_no_key(roost: Roost, anybody: Person, key: str) -> None:
    """It is refused like any other that is not held."""
    assert refusal(order(roost, "updateAccountSigningKey", did=anybody.did, signingKey=key))[1] == "InvalidRequest"


def test_of_an_account_that_is_not_here(roost: Roost) -> None:
    """It is told."""
    key = reserved(roost, MISSING)

    assert refusal(order(roost, "updateAccountSigningKey", did=MISSING, signingKey=key))[1] == "AccountNotFound"


def test_rights(roost: Roost, anybody: Person) -> None:
    """It is the administrator's."""
    check_rights(roost, "POST", "updateAccountSigningKey", anybody, did=anybody.did, signingKey="did:key:z")
