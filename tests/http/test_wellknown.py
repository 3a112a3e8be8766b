"""The protocol's paths outside /xrpc/."""

import orjson
import pytest

from support.edge import ALICE, Edge


@pytest.mark.parametrize("host", ["alice.test", "ALICE.test:2583"])
def test_a_hosted_handle_is_its_did(edge: Edge, host: str) -> None:
    """A handle's host answers with the account's DID, in plain text."""
    answer = edge.ask("GET", "/.well-known/atproto-did", headers={"Host": host})

    assert (answer.status, answer.body) == (200, ALICE.encode())
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("host", ["bob.test", "127.0.0.1", "[::1]:2583", "localhost", "\xe9.test", ""])
def test_another_host_is_nobody(edge: Edge, host: str) -> None:
    """A host that is no account's handle, or no handle at all, is not found."""
    answer = edge.ask("GET", "/.well-known/atproto-did", headers={"Host": host})

    assert (answer.status, answer.body) == (404, b"User not found")


def test_the_servers_own_did_document(edge: Edge) -> None:
    """The server's DID leads to the server."""
    document = orjson.loads(edge.ask("GET", "/.well-known/did.json").body)

    assert document["id"] == "did:web:pds.test"
    assert document["service"] == [
        {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": "https://pds.test"}
    ]


def test_robots_are_welcome(edge: Edge) -> None:
    """What is here is public."""
    answer = edge.ask("GET", "/robots.txt")

    assert (answer.status, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert b"Allow: /" in answer.body


def test_pages_of_other_origins_may_read_them(edge: Edge) -> None:
    """A client in a browser resolves handles, too."""
    assert edge.ask("GET", "/.well-known/did.json").headers["access-control-allow-origin"] == "*"
    assert edge.ask("OPTIONS", "/.well-known/did.json").status == 204


def test_a_wrong_verb_on_a_page(edge: Edge) -> None:
    """Errors of pages are JSON as well."""
    assert edge.ask("POST", "/robots.txt").error == (405, "InvalidRequest", "Method Not Allowed")
