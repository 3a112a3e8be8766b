"""Which IP addresses are somebody's on the public internet, whatever notation hides them.

Judges addresses only; knows nothing of names or sockets. Python's `is_global` alone is not enough: it lets multicast
pass and does not look inside the IPv6 forms that carry an IPv4 address.
"""

from __future__ import annotations

import ipaddress

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")  # all IANA has given out; the rest is local or nothing

# Blocks of 2000::/3 and of IPv4 that are not public although older tables of Python's have nothing against them.
_NOT_PUBLIC_6 = tuple(
    ipaddress.IPv6Network(block)
    for block in (
        "2001::/32",  # Teredo: carries an IPv4 address that a relay anywhere would unwrap
        "2001:db8::/32",  # documentation
        "3fff::/20",  # documentation (RFC 9637)
    )
)
_NOT_PUBLIC_4 = tuple(
    ipaddress.IPv4Network(block)
    for block in (
        "192.0.0.0/24",  # protocol assignments; a few are global, none is a web server
        "192.88.99.0/24",  # the 6to4 relay anycast of old
    )
)


def is_public(address: str) -> bool:
    """Say whether an address is public, and everything it wraps is too; text that is no address is not public."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return _is_public_4(parsed) if isinstance(parsed, ipaddress.IPv4Address) else _is_public_6(parsed)


def _is_public_4(address: ipaddress.IPv4Address) -> bool:
    if address.is_multicast or address.is_reserved or any(address in block for block in _NOT_PUBLIC_4):
        return False
    return address.is_global


def _is_public_6(address: ipaddress.IPv6Address) -> bool:
    wrapped = address.ipv4_mapped or address.sixtofour
    if wrapped is None and address in _NAT64:
        wrapped = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if wrapped is not None:
        return _is_public_4(wrapped)
    if address not in _GLOBAL_UNICAST or any(address in block for block in _NOT_PUBLIC_6):
        return False
    return address.is_global
