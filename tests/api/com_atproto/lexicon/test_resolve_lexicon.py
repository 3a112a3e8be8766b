"""Lexicon documents as their authorities publish them."""

from collections.abc import Iterator

import pytest

from roost.crypto.keys import PrivateKey
from roost.data.value import Value
from support.calls import put, refusal, set_status
from support.lexicons import SCHEMA, document_of, proof_of, publisher, resolve
from support.nameserver import Nameserver, nameserver
from support.server import Roost, running
from support.strangers import Stranger
from support.upstream import Service, service

PROOF_FAILS = "does not hold"


@pytest.fixture(scope="module")
def names() -> Iterator[Nameserver]:
    """A nameserver."""
    with nameserver() as served:
        yield served


@pytest.fixture(scope="module")
def host() -> Iterator[Service]:
    """Somebody's host."""
    with service() as made:
        yield made


@pytest.fixture(scope="module")
def resolving(tmp_path_factory: pytest.TempPathFactory, names: Nameserver, host: Service) -> Iterator[Roost]:
    """A server that asks that nameserver, and may ask that host."""
    folder = tmp_path_factory.mktemp("resolving")
    with running(folder, nameservers=names.address, trusted_origins=[host.url]) as roost:
        yield roost


@pytest.fixture(scope="module")
def author(resolving: Roost, host: Service) -> Stranger:
    """A publisher."""
    return publisher(resolving, host)


def resolved(roost: Roost, nsid: str) -> dict[str, object]:
    """Resolve a document."""
    answer = resolve(roost, nsid)
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


def test_a_document_is_found_and_proved(resolving: Roost, names: Nameserver, host: Service, author: Stranger) -> None:
    """By the name of its authority, the DID there, and the signature under that DID's key; then it is remembered."""
    nsid = "test.found.feed.getThing"
    names.txt["_lexicon.feed.found.test"] = ["v=spf1 -all", f"did={author.did}"]
    host.proof = (200, proof_of(author.did, author.key, f"{SCHEMA}/{nsid}", document_of(nsid)))

    found = resolved(resolving, nsid)

    assert found["uri"] == f"at://{author.did}/{SCHEMA}/{nsid}"
    assert found["schema"] == document_of(nsid)
    assert str(found["cid"]).startswith("bafyrei")
    assert host.last.query == f"did={author.did}&collection={SCHEMA}&rkey={nsid}".encode()
    asked = len(host.asked)
    assert resolved(resolving, nsid) == found
    assert len(host.asked) == asked


def test_a_document_that_an_account_here_publishes(resolving: Roost, names: Nameserver) -> None:
    """Nobody else is asked; an account that is not active publishes nothing."""
    person, nsid, other = resolving.person(), "test.here.getThing", "test.here.getOther"
    names.txt["_lexicon.here.test"] = [f"did={person.did}"]
    for each in (nsid, other):
        assert put(person, each, document_of(each), collection=SCHEMA).status_code == 200

    assert resolved(resolving, nsid)["schema"] == document_of(nsid)
    set_status(resolving, person, "deactivated")
    assert refusal(resolve(resolving, other))[:2] == (400, "LexiconNotFound")


@pytest.mark.parametrize(
    ("label", "records", "said"),
    [
        ("none", [], "no record did=…"),
        ("other", ["v=spf1"], "no record did=…"),
        ("two", ["did=did:web:a.test", "did=did:web:b.test"], "more than one record did=…"),
        ("bad", ["did=nonsense"], "names no DID"),
        ("gone", ["did=did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"], "cannot be found"),
    ],
)
def test_without_a_publisher_there_is_no_document(
    resolving: Roost, names: Nameserver, label: str, records: list[str], said: str
) -> None:
    """Who publishes is one DID, named by the authority itself: not by the domain above it."""
    names.txt["_lexicon.test"] = ["did=did:web:above.test"]
    names.txt[f"_lexicon.{label}.test"] = records

    status, name, message = refusal(resolve(resolving, f"test.{label}.getThing"))

    assert (status, name) == (400, "LexiconNotFound")
    assert said in message


def record_of(nsid: str, **changes: Value) -> dict[str, Value]:
    """Return a record that is not quite a document."""
    return {name: value for name, value in document_of(nsid, **changes).items() if value is not None}


@pytest.mark.parametrize(
    ("label", "change", "said"),
    [
        ("key", {"key": PrivateKey.generate()}, PROOF_FAILS),
        ("did", {"did": "did:web:other.test"}, PROOF_FAILS),
        ("path", {"path": f"{SCHEMA}/test.another.getThing"}, "publishes no"),
        ("collection", {"path": "com.example.schema/test.collection.getThing"}, "publishes no"),
        ("id", {"record": record_of("test.other.getThing")}, "is not the document"),
        ("type", {"record": record_of("test.type.getThing", **{"$type": "com.example.schema"})}, "is not the document"),
        ("version", {"record": record_of("test.version.getThing", lexicon=2)}, "is not the document"),
    ],
)
def test_a_proof_has_to_hold(
    resolving: Roost,
    names: Nameserver,
    host: Service,
    author: Stranger,
    label: str,
    change: dict[str, object],
    said: str,
) -> None:
    """It is of the publisher's repository, under its key, and of the document that was asked for."""
    nsid = f"test.{label}.getThing"
    names.txt[f"_lexicon.{label}.test"] = [f"did={author.did}"]
    usual = {"did": author.did, "key": author.key, "path": f"{SCHEMA}/{nsid}", "record": document_of(nsid)}
    host.proof = (200, proof_of(**(usual | change)))  # type: ignore[arg-type]  # each is of its parameter's type

    status, name, message = refusal(resolve(resolving, nsid))

    assert (status, name) == (400, "LexiconNotFound")
    assert said in message


@pytest.mark.parametrize(
    ("label", "proof", "told"),
    [
        ("empty", (200, b""), (400, "LexiconNotFound")),
        ("html", (200, b"<html>"), (400, "LexiconNotFound")),
        ("missing", (404, b"{}"), (400, "LexiconNotFound")),
        ("broken", (500, b"{}"), (502, "UpstreamFailure")),
        ("busy", (429, b"{}"), (502, "UpstreamFailure")),
        ("large", (200, bytes(1024 * 1024 + 1)), (502, "UpstreamFailure")),
    ],
)
def test_a_host_may_answer_anything(
    resolving: Roost,
    names: Nameserver,
    host: Service,
    author: Stranger,
    label: str,
    proof: tuple[int, bytes],
    told: tuple[int, str],
) -> None:
    """What is no proof is no document; what may be better the next time is told as that."""
    names.txt[f"_lexicon.{label}.test"] = [f"did={author.did}"]
    host.proof = proof

    assert refusal(resolve(resolving, f"test.{label}.getThing"))[:2] == told


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9", "https://127.0.0.1:9", "https://10.0.0.1"])
def test_a_publisher_cannot_send_us_into_our_own_network(
    resolving: Roost, names: Nameserver, host: Service, endpoint: str
) -> None:
    """Its host has to be where anybody can reach it."""
    hostile = publisher(resolving, Service(url=endpoint))
    label = f"hostile{endpoint.count('s')}{len(endpoint)}"
    names.txt[f"_lexicon.{label}.test"] = [f"did={hostile.did}"]

    assert refusal(resolve(resolving, f"test.{label}.getThing"))[:2] == (400, "LexiconNotFound")


@pytest.mark.parametrize("nsid", ["", "nonsense", "a.b", "a.b.1", "a.b.c/d"])
def test_a_name_has_to_be_one(resolving: Roost, nsid: str) -> None:
    """Nobody is asked about anything else."""
    assert refusal(resolve(resolving, nsid))[:2] == (400, "InvalidRequest")
