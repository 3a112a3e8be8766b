"""Where a request comes from: forged headers are not believed."""

from ipaddress import ip_network

import pytest
from starlette.types import Scope

from roost.config import PRIVATE_NETWORKS
from roost.http.address import Addresses, bare, read

DEFAULT = Addresses(PRIVATE_NETWORKS)


def scope(peer: str | None, *forwarded: str) -> Scope:
    """Make the scope of a request from a peer, with X-Forwarded-For headers."""
    headers = [(b"host", b"pds.test"), *((b"x-forwarded-for", value.encode("latin-1")) for value in forwarded)]
    return {"type": "http", "client": None if peer is None else (peer, 1234), "headers": headers}


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),  # anybody can say so
        ("203.0.113.9", ["127.0.0.1"], "203.0.113.9"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.1"], "198.51.100.1"),  # our proxy says so
        ("127.0.0.1", ["1.1.1.1, 198.51.100.1"], "198.51.100.1"),  # what its client claims
        ("127.0.0.1", ["1.1.1.1", "198.51.100.1"], "198.51.100.1"),  # in a header of its own
        ("10.0.0.2", ["198.51.100.1, 10.0.0.1"], "198.51.100.1"),  # two proxies
        ("10.0.0.2", ["8.8.8.8, 198.51.100.1, 10.0.0.1"], "198.51.100.1"),
        ("10.0.0.2", ["10.0.0.1"], "10.0.0.1"),
        ("10.0.0.2", ["198.51.100.1, nonsense"], "10.0.0.2"),  # not from a proxy of ours
        ("10.0.0.2", ["198.51.100.1, nonsense, 10.0.0.1"], "10.0.0.1"),
        ("10.0.0.2", [""], "10.0.0.2"),
        ("10.0.0.2", [","], "10.0.0.2"),
        ("10.0.0.2", ["198.51.100.1:4711"], "198.51.100.1"),
        ("10.0.0.2", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("::1", ["2001:DB8:0::1"], "2001:db8::1"),
        ("::ffff:127.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("::ffff:203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("::1", ["::ffff:198.51.100.1"], "198.51.100.1"),
        (None, ["198.51.100.1"], "198.51.100.1"),  # a socket in the file system is the operator's own
        (None, [], "unknown"),
        ("10.0.0.2", ["\xe9, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.2", [", ".join(["1.1.1.1"] * 2000)], "1.1.1.1"),
    ],
)
def test_the_first_from_the_right_that_is_no_proxy(peer: str | None, forwarded: list[str], client: str) -> None:
    """What stands to its left is only what the client claims."""
    assert DEFAULT.of(scope(peer, *forwarded)).text == client


def test_the_operator_says_who_is_a_proxy() -> None:
    """Nobody is, or a machine with a public address."""
    assert Addresses([]).of(scope("127.0.0.1", "198.51.100.1")).text == "127.0.0.1"
    named = Addresses([ip_network("203.0.113.0/24")])
    assert named.of(scope("203.0.113.9", "198.51.100.1")).text == "198.51.100.1"
    assert named.is_proxy("203.0.113.9")
    assert not named.is_proxy("127.0.0.1")


@pytest.mark.parametrize(
    ("text", "site"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::", "2001:db8:1:3::/64"),
        ("unknown", "unknown"),
    ],
)
def test_an_ipv6_client_is_its_network(text: str, site: str) -> None:
    """The lower half of its addresses is its own choice: counting each would count nothing."""
    assert read(text).site == site


@pytest.mark.parametrize(
    ("entry", "address"),
    [
        (" 1.2.3.4 ", "1.2.3.4"),
        ("1.2.3.4:5", "1.2.3.4"),
        ("[::1]", "::1"),
        ("[::1]:5", "::1"),
        ("::1", "::1"),
        ("[", ""),
    ],
)
def test_an_entry_may_have_a_port(entry: str, address: str) -> None:
    """Some proxies write it."""
    assert bare(entry) == address
