"""DNS TXT records, which the operating system's resolver cannot ask for.

Knows nothing of handles.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import dns.asyncresolver
import dns.exception
import dns.nameserver
import dns.resolver
from dns.rdtypes.ANY.TXT import TXT

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


def txt_by(nameservers: Iterable[tuple[str, int]]) -> TxtLookup:
    """Return the look-up that asks these nameservers, each an address and a port; without any, the system's."""
    asked = [dns.nameserver.Do53Nameserver(address, port) for address, port in nameservers]
    if not asked:
        return system_txt
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers = list(asked)

    async def lookup(name: str) -> list[str]:
        return await txt_of(name, resolver)

    return lookup


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
