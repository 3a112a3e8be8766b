"""A running server asked over HTTP."""

import pytest

from roost.cli.remote import Remote
from roost.services.errors import UpstreamFailure
from roost.syntax import Did, Handle
from support.server import Roost


def test_a_did_needs_no_question() -> None:
    """A DID is itself, whatever the server."""
    did = Did.parse("did:plc:ewvi7nxzyoun6zhxrhs64oiz")

    with Remote("http://127.0.0.1:9") as remote:
        assert remote.did_of(did) == did


def test_a_handle_is_the_servers_to_resolve(roost: Roost) -> None:
    """A handle is whom the server says."""
    person = roost.person()

    with Remote(roost.url + "/") as remote:
        assert remote.did_of(Handle.parse(person.handle)) == person.did


def test_a_refusal_says_what_the_server_said(roost: Roost) -> None:
    """The name and the message of the error reach whoever typed the command."""
    with Remote(roost.url) as remote, pytest.raises(UpstreamFailure, match="answered 400 RepoNotFound: Could not find"):
        list(remote.repo(Did.parse("did:plc:ewvi7nxzyoun6zhxrhs64oiz")))


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "localhost:2583", "http://[", "ftp://localhost"])
def test_nobody_there(url: str) -> None:
    """A server that does not answer, and a URL that is none, are told in words."""
    with pytest.raises(UpstreamFailure, match="cannot be asked"), Remote(url) as remote:
        remote.invite(uses=1, password="x")
