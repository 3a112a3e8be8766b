"""Where a request comes from, as far as that can be believed.

A proxy of ours says in X-Forwarded-For whom it speaks for; anybody else may say so too, and is not believed. Each proxy
adds on the right, so the list is read from there: the first address that is no proxy of ours is the client's, and what
stands to its left is only what that client claims. It deliberately does not know what the address is for.
"""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, NamedTuple, TypeAlias

from starlette.types import Scope as Asgi

Network: TypeAlias = IPv4Network | IPv6Network

REMEMBERED: Final = 8192
"""Addresses whose reading is kept: it costs some microseconds, and most requests come from one that was just here."""

USUAL: Final = 200
"""Bytes of X-Forwarded-For that are remembered with what they mean; whoever sends more fills no memory with it."""

IPV6_SITE: Final = 64
"""Bits that tell one client from another: the rest of an IPv6 address is the client's own choice (RFC 4291 2.5.1)."""

UNKNOWN: Final = "unknown"
"""The address of a peer that has none, as on a socket in the file system."""


class Address(NamedTuple):
    """An address as it is written, and what is counted by: an IPv4 address, or an IPv6 client's network."""

    text: str
    site: str


class Addresses:
    """Finds the client behind a request; `trusted` are the networks of the operator's own proxies."""

    __slots__ = ("_behind", "_is_proxy", "_read", "_trusted")

    def __init__(self, trusted: Sequence[Network]) -> None:
        self._trusted = tuple(trusted)
        self._is_proxy = lru_cache(REMEMBERED)(self._judge)
        self._read = lru_cache(REMEMBERED)(read)
        self._behind = lru_cache(REMEMBERED)(self._look_behind)

    def of(self, scope: Asgi) -> Address:
        """Return who sends a request."""
        client = scope.get("client")
        peer = client[0] if client else UNKNOWN
        if self._is_proxy(peer):
            told = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
            if told:
                whole = told[0] if len(told) == 1 else b",".join(told)
                return self._behind(peer, whole) if len(whole) <= USUAL else self._look_behind(peer, whole)
        return self._read(peer)

    def is_proxy(self, peer: str) -> bool:
        """Return whether that address is one of the operator's own proxies'."""
        return self._is_proxy(peer)

    def _look_behind(self, peer: str, told: bytes) -> Address:
        """Return the client that the proxies tell of: the first from the right that is none of them."""
        found = peer
        for entry in reversed(told.decode("latin-1").split(",")):
            text = bare(entry)
            if parse(text) is None:
                break  # not from a proxy of ours: what is further left cannot be believed either
            found = text
            if not self._is_proxy(found):
                break
        return self._read(found)

    def _judge(self, text: str) -> bool:
        address = parse(text)
        return text == UNKNOWN if address is None else any(address in network for network in self._trusted)


def bare(entry: str) -> str:
    """Return the address of an X-Forwarded-For entry, which some proxies write with its port."""
    text = entry.strip()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def parse(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a text is; an IPv4 address inside an IPv6 one is that IPv4 address."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def read(text: str) -> Address:
    """Return an address with what it is counted by."""
    address = parse(text)
    if not isinstance(address, IPv6Address):
        return Address(text if address is None else str(address), text if address is None else str(address))
    bits = 128 - IPV6_SITE
    return Address(str(address), f"{IPv6Address(int(address) >> bits << bits)}/{IPV6_SITE}")
