"""What is remembered of lexicon documents; finding them is told over HTTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from roost.services import lexicons
from support.calls import refusal
from support.lexicons import SCHEMA, document_of, proof_of, publisher, resolve
from support.nameserver import Nameserver, nameserver
from support.server import Roost, running
from support.upstream import Service, service

NSID = "test.kept.getThing"


@pytest.fixture
def names() -> Iterator[Nameserver]:
    """A nameserver."""
    with nameserver() as served:
        yield served


@pytest.fixture
def host() -> Iterator[Service]:
    """Somebody's host."""
    with service() as made:
        yield made


@pytest.fixture
def resolving(tmp_path: Path, names: Nameserver, host: Service) -> Iterator[Roost]:
    """A server to which a document was published."""
    with running(tmp_path, nameservers=names.address, trusted_origins=[host.url]) as roost:
        author = publisher(roost, host)
        names.txt["_lexicon.kept.test"] = [f"did={author.did}"]
        host.proof = (200, proof_of(author.did, author.key, f"{SCHEMA}/{NSID}", document_of(NSID)))
        yield roost


def test_a_document_outlives_its_host_for_a_while(
    resolving: Roost, host: Service, names: Nameserver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While nobody can be asked, what was last found is told; but not once it is known to be gone."""
    found = resolve(resolving, NSID).json()
    monkeypatch.setattr(lexicons, "FRESH_SECONDS", 0)
    host.proof = (500, b"")
    assert resolve(resolving, NSID).json() == found
    names.broken = True
    assert resolve(resolving, NSID).json() == found

    monkeypatch.setattr(lexicons, "STALE_SECONDS", 0)
    assert refusal(resolve(resolving, NSID))[:2] == (502, "UpstreamFailure")
    names.broken = False
    host.proof = (404, b"")
    assert refusal(resolve(resolving, NSID))[:2] == (400, "LexiconNotFound")


def test_that_there_is_none_is_remembered_too(resolving: Roost, host: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """For a minute: then a publisher who has just begun is found."""
    good, host.proof = host.proof, (404, b"")
    assert refusal(resolve(resolving, NSID))[1] == "LexiconNotFound"
    host.proof = good
    assert refusal(resolve(resolving, NSID))[1] == "LexiconNotFound"

    monkeypatch.setattr(lexicons, "ABSENT_SECONDS", 0)
    assert resolve(resolving, NSID).status_code == 200


def test_so_many_are_remembered(resolving: Roost, host: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that was found longest ago is asked for again."""
    monkeypatch.setattr(lexicons, "REMEMBERED", 1)
    resolve(resolving, NSID)
    asked = len(host.asked)
    resolve(resolving, "test.other.getThing")
    resolve(resolving, NSID)

    assert len(host.asked) == asked + 1
