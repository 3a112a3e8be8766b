"""com.atproto.identity.resolveIdentity."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from roost.crypto.keys import PrivateKey
from roost.identity import plc
from roost.syntax import Handle
from support.calls import refusal, set_status
from support.nameserver import Nameserver, nameserver
from support.server import Person, Roost, running

NSID = "com.atproto.identity.resolveIdentity"
KEY = PrivateKey.generate()


@pytest.fixture(scope="module")
def names() -> Iterator[Nameserver]:
    """A nameserver."""
    with nameserver() as served:
        yield served


@pytest.fixture(scope="module")
def resolving(tmp_path_factory: pytest.TempPathFactory, names: Nameserver) -> Iterator[Roost]:
    """A server that asks that nameserver."""
    with running(tmp_path_factory.mktemp("resolving"), nameservers=names.address) as roost:
        yield roost


def registered(roost: Roost, handle: str) -> str:
    """Register a DID past the server."""
    state = plc.account_state(
        signing_key=KEY.public.did_key,
        rotation_keys=(KEY.public.did_key,),
        handle=Handle.parse(handle),
        pds="https://far.example",
    )
    first = plc.genesis(state, KEY)
    did = plc.did_of(first)
    assert httpx.post(f"{roost.plc_url}/{did}", json=plc.to_json(first)).status_code == 200
    return did


def handle_of(roost: Roost, who: str) -> str:
    """Resolve an identity, and return its handle."""
    answer = roost.get(NSID, identifier=who)
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"did", "handle", "didDoc"}
    assert answer.json()["didDoc"]["id"] == answer.json()["did"]
    return str(answer.json()["handle"])


def test_an_account_here(roost: Roost, anybody: Person) -> None:
    """By its DID, or its handle in any spelling."""
    for who in (anybody.did, anybody.handle, anybody.handle.upper()):
        assert handle_of(roost, who) == anybody.handle


def test_somebody_elsewhere(resolving: Roost, names: Nameserver) -> None:
    """The handle counts when it leads to the DID whose document names it."""
    did = registered(resolving, "far.example.com")
    assert handle_of(resolving, did) == "handle.invalid"
    names.proves("far.example.com", did)

    assert handle_of(resolving, did) == "far.example.com"
    assert handle_of(resolving, "far.example.com") == "far.example.com"


def test_a_handle_that_leads_to_whom_does_not_claim_it(resolving: Roost, names: Nameserver) -> None:
    """Anybody can have their domain lead to somebody: it does not become their handle."""
    did = registered(resolving, "right.example.com")
    names.proves("wrong.example.com", did)
    assert handle_of(resolving, "wrong.example.com") == "handle.invalid"

    names.proves("right.example.com", did)
    assert handle_of(resolving, "wrong.example.com") == "right.example.com"


def test_a_claim_on_somebodys_handle(resolving: Roost) -> None:
    """A document that names an account here does not become it."""
    person = resolving.person()
    did = registered(resolving, person.handle)

    assert handle_of(resolving, did) == "handle.invalid"


def test_handles_that_are_nobodys(resolving: Roost, person: Person) -> None:
    """Under a domain of ours only this server could know them; an inactive account's leads nowhere."""
    for who in ("nobody-here.test", "nobody.example.invalid"):
        assert refusal(resolving.get(NSID, identifier=who))[:2] == (400, "HandleNotFound")


def test_the_handle_of_an_inactive_account(roost: Roost, person: Person) -> None:
    """It is nobody's while the account is deactivated; the DID still resolves."""
    set_status(roost, person, "deactivated")

    assert refusal(roost.get(NSID, identifier=person.handle))[:2] == (400, "HandleNotFound")
    assert handle_of(roost, person.did) == "handle.invalid"


def test_nobody_can_say(tmp_path: Path, names: Nameserver) -> None:
    """While DNS fails it is not known that a handle is nobody's."""
    with nameserver() as broken:
        broken.broken = True
        with running(tmp_path, nameservers=broken.address) as roost:
            answer = roost.get(NSID, identifier="somebody.example.com")

    assert refusal(answer)[:2] == (502, "UpstreamFailure")


@pytest.mark.parametrize("who", ["did:plc:" + "b" * 24, "did:web:a.test:path"])
def test_a_did_without_a_document(roost: Roost, who: str) -> None:
    """As with resolveDid."""
    assert refusal(roost.get(NSID, identifier=who))[:2] == (400, "DidNotFound")
