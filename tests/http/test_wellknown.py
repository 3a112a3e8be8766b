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


@pytest.mark.parametrize("host", ["pds.test", "PDS.test:443", "127.0.0.1:2583", "elsewhere.example"])
def test_the_servers_own_did_document(edge: Edge, host: str) -> None:
    """The document is what the server was made with."""
    answer = edge.ask("GET", "/.well-known/did.json", headers={"Host": host})

    assert (answer.status, orjson.loads(answer.body)) == (200, {"id": "did:web:pds.test"})


@pytest.mark.parametrize("host", ["alice.test", "nobody.test"])
def test_a_handle_has_no_document_of_its_own(edge: Edge, host: str) -> None:
    """The did:web of a name that is given out here is not this server's to write."""
    answer = edge.ask("GET", "/.well-known/did.json", headers={"Host": host})

    assert answer.error == (404, "NotFound", "This host has no DID of its own")


@pytest.mark.parametrize("domain", ["pds.test", "PDS.test", "alice.test", "Alice.Test"])
def test_a_certificate_for_a_name_in_use(edge: Edge, domain: str) -> None:
    """The server's own name, and the handle of an active account."""
    answer = edge.ask("GET", f"/tls-check?domain={domain}")

    assert (answer.status, orjson.loads(answer.body)) == (200, {"success": True})


@pytest.mark.parametrize(
    ("query", "status", "name"),
    [
        ("", 400, "InvalidRequest"),
        ("?domain=", 400, "InvalidRequest"),
        ("?domain=alice.example", 400, "InvalidRequest"),
        ("?domain=127.0.0.1", 400, "InvalidRequest"),
        ("?domain=%00", 400, "InvalidRequest"),
        ("?domain=%ff%fe.test", 400, "InvalidRequest"),
        ("?domain=bob.test", 404, "NotFound"),
    ],
)
def test_no_certificate_for_other_names(edge: Edge, query: str, status: int, name: str) -> None:
    """Nobody can have this server get certificates for names that are not in use."""
    answer = edge.ask("GET", f"/tls-check{query}")

    assert answer.error[:2] == (status, name)


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
