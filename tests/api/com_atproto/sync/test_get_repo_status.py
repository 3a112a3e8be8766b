"""com.atproto.sync.getRepoStatus."""

import pytest

from support.calls import bearer, create, head, refusal, set_status
from support.server import Person, Roost

NSID = "com.atproto.sync.getRepoStatus"


def test_an_active_account_has_a_rev(roost: Roost, person: Person) -> None:
    """It is where the repository stands."""
    create(person, {"n": 1})

    assert roost.get(NSID, did=person.did).json() == {"did": person.did, "active": True, "rev": head(person)[1]}


@pytest.mark.parametrize("status", ["deactivated", "takendown"])
def test_an_inactive_one_has_a_reason(roost: Roost, person: Person, status: str) -> None:
    """Anybody may know, and the rev is not told; credentials, good or bad, change nothing."""
    set_status(roost, person, status)
    told = {"did": person.did, "active": False, "status": status}

    assert roost.get(NSID, did=person.did).json() == told
    assert person.get(NSID, did=person.did).json() == told
    assert roost.client.get(f"/xrpc/{NSID}", params={"did": person.did}, headers=bearer("x")).json() == told
    set_status(roost, person, None)
    assert roost.get(NSID, did=person.did).json()["active"] is True


def test_an_unknown_or_deleted_one_is_not_found(roost: Roost, person: Person) -> None:
    """Nothing is kept of an account that is gone."""
    assert person.post("com.atproto.deleteAccount").status_code == 200
    for did in (person.did, "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", "did:web:example.com"):
        assert refusal(roost.get(NSID, did=did)) == (400, "RepoNotFound", f"Could not find repo: {did}")


@pytest.mark.parametrize("did", ["", "alice.test", "did:plc", "did:plc:" + "a" * 3000])
def test_it_is_asked_by_did(roost: Roost, did: str) -> None:
    """A handle will not do."""
    assert refusal(roost.get(NSID, did=did))[:2] == (400, "InvalidRequest")
