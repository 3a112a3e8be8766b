"""com.atproto.identity.refreshIdentity."""

import pytest

from roost.services.caller import Scope
from support.calls import refusal
from support.identity import scoped
from support.server import Person, Roost

NSID = "com.atproto.identity.refreshIdentity"


def test_it_answers_as_resolve_identity_does(roost: Roost, anybody: Person) -> None:
    """The identity as it is now, by handle or DID, with any token."""
    for who in (anybody.did, anybody.handle):
        answer = roost.post(NSID, json={"identifier": who}, headers=scoped(roost, anybody, Scope.APP_PASS))

        assert answer.status_code == 200, answer.text
        assert answer.json() == roost.get("com.atproto.identity.resolveIdentity", identifier=who).json()


def test_nobody_may_have_us_ask(roost: Roost, anybody: Person) -> None:
    """Whoever has others asked must be somebody."""
    assert refusal(roost.post(NSID, json={"identifier": anybody.did}))[:2] == (401, "AuthMissing")


@pytest.mark.parametrize(
    ("who", "name"),
    [
        ("did:plc:" + "c" * 24, "DidNotFound"),
        ("nobody-here.test", "HandleNotFound"),
        ("nonsense", "InvalidRequest"),
        ("", "InvalidRequest"),
        (None, "InvalidRequest"),
    ],
)
def test_what_is_refused(anybody: Person, who: object, name: str) -> None:
    """Each by its name."""
    assert refusal(anybody.post(NSID, json={"identifier": who}))[:2] == (400, name)
