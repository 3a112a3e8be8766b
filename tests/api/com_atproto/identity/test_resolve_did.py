"""com.atproto.identity.resolveDid."""

from pathlib import Path

import httpx
import pytest

from roost.crypto.keys import PrivateKey
from roost.identity import plc
from roost.services.budget import EACH_A_MINUTE
from roost.syntax import Handle
from support.calls import refusal
from support.nameserver import nameserver
from support.server import Person, Roost, running

NSID = "com.atproto.identity.resolveDid"
KEY = PrivateKey.generate()


def registered(roost: Roost, handle: str) -> tuple[str, plc.Operation]:
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
    return did, first


def test_a_document_as_the_directory_has_it(roost: Roost, anybody: Person) -> None:
    """Of an account here, or of anybody."""
    for did in (anybody.did, registered(roost, "far.example.com")[0]):
        answer = roost.get(NSID, did=did)

        assert answer.status_code == 200, answer.text
        assert answer.json() == {"didDoc": httpx.get(f"{roost.plc_url}/{did}").json()}


@pytest.mark.parametrize(
    "did", ["did:plc:" + "a" * 24, "did:key:zQ3sh", "did:web:127.0.0.1", "did:web:a.test:path", "did:web:a.test%3A80"]
)
def test_a_did_without_a_document(roost: Roost, did: str) -> None:
    """One that nobody registered, or of a form that atproto does not resolve."""
    assert refusal(roost.get(NSID, did=did))[:2] == (400, "DidNotFound")


def test_a_did_that_has_ended(roost: Roost) -> None:
    """It is told apart from one that never was."""
    did, first = registered(roost, "ended.example.com")
    last = plc.to_json(plc.tombstone(first, KEY))
    assert httpx.post(f"{roost.plc_url}/{did}", json=last).status_code == 200

    assert refusal(roost.get(NSID, did=did))[:2] == (400, "DidDeactivated")


def test_a_private_host_is_not_asked(roost: Roost) -> None:
    """A did:web cannot lead into this server's own network; the answer does not tell what is there."""
    status, name, message = refusal(roost.get(NSID, did=f"did:web:localhost%3A{roost.url.rpartition(':')[2]}"))

    assert (status, name) == (502, "UpstreamFailure")
    assert "localhost" not in message


@pytest.mark.parametrize("did", ["", "nonsense", "did:", "alice.test"])
def test_what_is_no_did(roost: Roost, did: str) -> None:
    """It is refused by the lexicon."""
    assert refusal(roost.get(NSID, did=did))[:2] == (400, "InvalidRequest")


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "fd00::1"])
def test_a_name_that_leads_inside_is_not_asked(tmp_path: Path, address: str) -> None:
    """Whatever DNS says of a stranger's name: no private address is connected to, nor told of in the answer."""
    with nameserver() as names:
        names.addresses["evil.example.com"] = [address]
        with running(tmp_path, nameservers=names.address) as roost:
            status, name, message = refusal(roost.get(NSID, did="did:web:evil.example.com"))

    assert names.asked.count("evil.example.com") >= 1
    assert (status, name) == (502, "UpstreamFailure")
    assert address not in message


def test_one_caller_leaves_others_their_look_ups(own_roost: Roost) -> None:
    """The directory is asked so often a minute, and nobody can use that up alone; who has had enough is told when."""

    def ask(n: int, address: str) -> httpx.Response:
        did = "did:plc:" + f"{n:024b}".translate(str.maketrans("01", "ab"))
        return own_roost.client.get(
            f"/xrpc/com.atproto.identity.resolveDid?did={did}", headers={"x-forwarded-for": address}
        )

    answers = [ask(n, "203.0.113.1") for n in range(EACH_A_MINUTE + 20)]
    other = ask(9999, "203.0.113.2")

    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {400, 429}  # a minute may have ended on the way
    told = next(answer for answer in answers if answer.status_code == 429)
    assert 1 <= int(told.headers["retry-after"]) <= 60
    assert refusal(other)[1] == "DidNotFound"
