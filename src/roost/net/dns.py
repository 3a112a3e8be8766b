"""DNS asked directly: for TXT records, which the operating system's resolver cannot ask for, and for the addresses of
strangers where the operator has named whom to ask.

Knows nothing of handles.
"""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Sequence

import dns.asyncresolver
import dns.exception
import dns.nameserver
import dns.resolver
from dns.rdtypes.ANY.TXT import TXT

from roost.net.transport import Lookup, system_lookup

# A name to its TXT records, each in one piece; raises OSError or TimeoutError when nobody says whether there are any.
TxtLookup = Callable[[str], Awaitable[list[str]]]

# As long as the HTTPS way to resolve a handle may take (7.5).
_LIFETIME = 3.0


async def system_txt(name: str) -> list[str]:
    """Ask the resolvers of this machine's configuration; raises OSError, TimeoutError."""
    try:
        resolver = dns.asyncresolver.Resolver()
    except dns.exception.DNSException as error:
        raise OSError(f"This machine has no resolver: {error}") from error
    return await txt_of(name, resolver)


def txt_by(nameservers: Sequence[tuple[str, int]]) -> TxtLookup:
    """Return the look-up that asks these nameservers, each an address and a port; without any, the system's."""
    if not nameservers:
        return system_txt
    resolver = _resolver(nameservers)

    async def lookup(name: str) -> list[str]:
        return await txt_of(name, resolver)

    return lookup


def addresses_by(nameservers: Sequence[tuple[str, int]]) -> Lookup:
    """Return the look-up of addresses that asks these nameservers; without any, the system's."""
    if not nameservers:
        return system_lookup
    resolver = _resolver(nameservers)

    async def lookup(host: str, _port: int) -> list[str]:
        try:
            found = await resolver.resolve_name(host, lifetime=_LIFETIME)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except dns.exception.Timeout as error:
            raise TimeoutError(f"No nameserver answered for {host}") from error
        except dns.exception.DNSException as error:
            raise socket.gaierror(socket.EAI_AGAIN, str(error)) from error
        return list(dict.fromkeys(found.addresses()))

    return lookup


def _resolver(nameservers: Sequence[tuple[str, int]]) -> dns.asyncresolver.Resolver:
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers = [dns.nameserver.Do53Nameserver(address, port) for address, port in nameservers]
    return resolver


async def txt_of(name: str, resolver: dns.asyncresolver.Resolver) -> list[str]:
    """Ask a resolver for a name's TXT records, none if the name has none; raises OSError, TimeoutError."""
    try:
        answer = await resolver.resolve(name, "TXT", lifetime=_LIFETIME)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except dns.exception.Timeout as error:
        raise TimeoutError(f"No resolver answered for {name}") from error
    except dns.exception.DNSException as error:
        raise OSError(f"No answer for {name}: {error}") from error
    # A record longer than 255 bytes comes in several strings, which mean their concatenation.
    return [b"".join(record.strings).decode("utf-8", "replace") for record in answer if isinstance(record, TXT)]
