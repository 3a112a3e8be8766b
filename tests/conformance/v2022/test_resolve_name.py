"""com.atproto.resolveName, October 2022."""

from functools import partial

import pytest

from support.server import Person, Roost
from support.v2022 import check_done, check_refused, check_wrong_verb

NSID = "com.atproto.resolveName"
URL = f"/xrpc/{NSID}"
SERVER = {"did": "did:web:localhost"}


def test_a_name_that_is_hosted_here(roost: Roost, alice: Person) -> None:
    """In any case."""
    for name in (alice.handle, alice.handle.upper(), alice.handle.title()):
        check_done(roost.get(NSID, name=name), {"did": alice.did})


def test_no_name_is_the_server_s(roost: Roost) -> None:
    """As is an empty one, and the one that it has."""
    check_done(roost.get(NSID), SERVER)
    check_done(roost.get(NSID, name=""), SERVER)
    check_done(roost.get(NSID, name="localhost"), SERVER)
    check_done(roost.get(NSID, name="LOCALHOST"), SERVER)


def test_no_name_at_a_username_s_host(roost: Roost, alice: Person) -> None:
    """Whoever asks `https://alice.test` who it is, is told of Alice; with a port too, and in any case."""
    ask = partial(roost.client.get, URL)

    for host in (alice.handle, f"{alice.handle}:2583", alice.handle.upper()):
        check_done(ask(headers={"host": host}), {"did": alice.did})
    for host in ("nobody.test", "localhost:2583", "10.0.0.1", "[::1]:80", "not a host"):
        check_done(ask(headers={"host": host}), SERVER)


def test_a_name_beats_the_host(roost: Roost, alice: Person, bob: Person) -> None:
    """The host counts only where no name is given."""
    answer = roost.client.get(URL, params={"name": bob.handle}, headers={"host": alice.handle})

    check_done(answer, {"did": bob.did})


@pytest.mark.parametrize(
    "name",
    [
        "nobody.test",
        "test",
        "example.com",
        "did:plc:ewvi7nxzyoun6zhxrhs64oiz",
        "two words",
        "x" * 500,
        "ä.test",
        ".",
        "%",
    ],
)
def test_a_name_that_nobody_here_has(roost: Roost, name: str) -> None:
    """A foreign one is not asked for unless that is configured."""
    check_refused(roost.get(NSID, name=name), "Unable to resolve name")


def test_a_name_is_given_once(roost: Roost, alice: Person) -> None:
    """Unknown parameters are ignored, and so are credentials."""
    answer = roost.client.get(f"{URL}?name={alice.handle}&name=x")

    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidRequest")
    ignored = roost.client.get(f"{URL}?name={alice.handle}&x=1&x=2", headers={"authorization": "nonsense"})
    check_done(ignored, {"did": alice.did})


@pytest.mark.parametrize("query", ["name=%FF", "name=a%00b"])
def test_a_query_is_text(roost: Roost, query: str) -> None:
    """UTF-8, without NUL."""
    answer = roost.client.get(f"{URL}?{query}")

    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidRequest")


def test_head(roost: Roost) -> None:
    """The same without the body."""
    answer = roost.client.head(URL)

    assert (answer.status_code, answer.content) == (200, b"")


def test_it_is_a_query(roost: Roost) -> None:
    """Only GET will do."""
    check_wrong_verb(roost, NSID, right="GET")
