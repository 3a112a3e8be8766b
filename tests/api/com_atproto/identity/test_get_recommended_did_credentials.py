"""com.atproto.identity.getRecommendedDidCredentials."""

from roost.crypto.keys import PrivateKey
from roost.services.caller import Scope
from support.calls import refusal, set_status
from support.identity import plc_data, scoped
from support.server import Person, Roost

NSID = "com.atproto.identity.getRecommendedDidCredentials"


def test_what_the_did_says_already(roost: Roost, anybody: Person) -> None:
    """For an account that lives here nothing is to be changed."""
    answer = anybody.get(NSID)

    assert answer.status_code == 200, answer.text
    state = plc_data(roost, anybody.did)
    assert answer.json() == {name: state[name] for name in state if name != "did"}


def test_an_owners_recovery_key_comes_first(roost: Roost) -> None:
    """The one that createAccount was given is remembered."""
    key = PrivateKey.generate().public.did_key
    body = {"handle": "recoverable.test", "email": "r@mail.test", "password": "correct horse", "recoveryKey": key}
    made = roost.post("com.atproto.server.createAccount", json=body).json()

    headers = {"authorization": f"Bearer {made['accessJwt']}"}
    found = roost.client.get(f"/xrpc/{NSID}", headers=headers).json()["rotationKeys"]

    assert found[0] == key
    assert len(found) == 2


def test_who_may(roost: Roost, person: Person) -> None:
    """Any token of the account, also while it is deactivated."""
    assert refusal(roost.get(NSID))[:2] == (401, "AuthMissing")
    for status, scope in ((None, Scope.APP_PASS), ("deactivated", Scope.ACCESS)):
        set_status(roost, person, status)
        assert roost.client.get(f"/xrpc/{NSID}", headers=scoped(roost, person, scope)).status_code == 200
