"""com.atproto.server.reserveSigningKey."""

import pytest

from roost.crypto.keys import PublicKey
from support.calls import at_once, refusal
from support.server import Roost

NSID = "com.atproto.server.reserveSigningKey"


def reserve(roost: Roost, **body: object) -> str:
    """Ask for a key."""
    answer = roost.post(NSID, json=body)
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"signingKey"}
    return str(answer.json()["signingKey"])


def test_a_did_has_one_key(roost: Roost) -> None:
    """It is K-256, and the same whenever it is asked for; another DID has another, and nobody a new one each time."""
    keys = [reserve(roost, did=did) for did in ("did:web:a.test", "did:web:a.test", "did:web:b.test")]
    keys += [reserve(roost), reserve(roost)]

    assert keys[0] == keys[1]
    assert len(set(keys)) == 4
    assert all(PublicKey.from_did_key(key).did_key.startswith("did:key:zQ3s") for key in keys)


def test_of_sixteen_at_once_all_get_the_same(roost: Roost) -> None:
    """The first has made it."""
    assert len(set(at_once(16, lambda _: reserve(roost, did="did:web:sixteen.test")))) == 1


@pytest.mark.parametrize("did", ["", "nonsense", 7, "did:web:a.test#b", "did:web:" + "a" * 2048])
def test_what_is_no_did_is_refused(roost: Roost, did: object) -> None:
    """No key is made for it."""
    assert refusal(roost.post(NSID, json={"did": did}))[:2] == (400, "InvalidRequest")
