"""did:web and URLs."""

from __future__ import annotations

import pytest

from roost.identity import web
from roost.identity.errors import UnsupportedDid
from roost.syntax import Did


@pytest.mark.parametrize(
    ("did", "url"),
    [
        ("did:web:pds.example.com", "https://pds.example.com/.well-known/did.json"),
        ("did:web:localhost", "http://localhost/.well-known/did.json"),
        ("did:web:localhost%3A2583", "http://localhost:2583/.well-known/did.json"),
    ],
)
def test_where_a_document_is(did: str, url: str) -> None:
    """A did:web is its host's well-known document, over https but for localhost."""
    assert web.document_url(Did.parse(did)) == url


@pytest.mark.parametrize(
    "did",
    [
        "did:web:example.com:user:alice",
        "did:web:example.com%3A8080",
        "did:web:example.com%2Fpath",
        "did:web:user%40example.com",
        "did:web:127.0.0.1",
        "did:web:%5B%3A%3A1%5D",
        "did:web:localhost%3A0",
        "did:web:localhost%3A65536",
        "did:web:localhost%3A80%2F..",
        "did:web:com",
        "did:plc:z72i7hdynmk6r22z27h6tvur",
    ],
)
def test_dids_that_are_not_resolved(did: str) -> None:
    """Paths, ports, addresses and anything percent-escaped are refused."""
    with pytest.raises(UnsupportedDid):
        web.document_url(Did.parse(did))


@pytest.mark.parametrize(
    ("url", "did"),
    [
        ("https://pds.example.com", "did:web:pds.example.com"),
        ("https://PDS.example.com/", "did:web:pds.example.com"),
        ("http://localhost:2583", "did:web:localhost%3A2583"),
    ],
)
def test_the_did_of_an_origin(url: str, did: str) -> None:
    """A server's own DID comes from its public URL."""
    assert web.did_of_url(url) == did


@pytest.mark.parametrize(
    "url",
    [
        "http://pds.example.com",
        "https://pds.example.com:8443",
        "https://pds.example.com/path",
        "https://pds.example.com?x=1",
        "https://10.0.0.1",
        "https://[::1",
        "https://",
        "pds.example.com",
    ],
)
def test_origins_without_a_did(url: str) -> None:
    """A URL whose document could not be fetched again has no DID."""
    with pytest.raises(UnsupportedDid):
        web.did_of_url(url)
