"""The guarded way onto the network: a name is resolved, every address judged, and the judged address connected to.

Checking a name first and letting the HTTP library resolve it again would leave a gap in which the answer can change
(DNS rebinding), so the guard sits where the TCP connection is opened: the pool above it still knows the host by its
name, and TLS (SNI and certificate) and the Host header go by the name as well. Knows nothing of redirects, limits
or JSON.
"""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import re
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import httpcore
import httpx

from roost.net.addresses import is_public
from roost.net.errors import ForbiddenAddress, TimedOut, UnknownHost, Unreachable, UnsafeUrl

# Names to addresses, as text. Raises OSError, or returns nothing, for a name without any.
Lookup = Callable[[str, int], Awaitable[list[str]]]

# (scheme, host, port)
Origin = tuple[str, str, int]

# A name, an IPv4 or an IPv6 address.
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+", re.ASCII)
_DEFAULT_PORTS = {"http": 80, "https": 443}
# Names of strangers that are looked up at a time, and how long one is waited for: longer than a resolver takes that
# asks a second server because the first is silent.
LOOKUPS = 16
LOOKUP_SECONDS = 6.0
# How many of a host's addresses are tried before giving up; each may cost a connect timeout.
_MAX_ATTEMPTS = 4


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def system_lookup(host: str, port: int) -> list[str]:
    """Resolve a stranger's name as the operating system does, hosts file included; raises OSError, TimeoutError.

    In threads of its own: a name whose servers do not answer holds one for as long as the system likes, and what the
    operator has configured must not wait for that.
    """
    ask = functools.partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    async with asyncio.timeout(LOOKUP_SECONDS):
        return _addresses_in(await asyncio.get_running_loop().run_in_executor(_strangers(), ask))


async def trusted_lookup(host: str, port: int) -> list[str]:
    """Resolve a name that the operator has configured, as the operating system does; raises OSError."""
    return _addresses_in(await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM))


def _addresses_in(found: Iterable[tuple[object, object, object, object, tuple[str | int | bytes, ...]]]) -> list[str]:
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


@functools.cache
def _strangers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(LOOKUPS, thread_name_prefix="lookup")


def origin_of(url: httpx.URL) -> Origin:
    """Return a URL's origin; raises UnsafeUrl for schemes other than http and https, and for a missing host."""
    host = url.raw_host.decode("ascii")
    # httpx escapes what cannot be in a name; resolvers differ in what they make of an escape.
    if url.scheme not in _DEFAULT_PORTS or not _HOST.fullmatch(host):
        raise UnsafeUrl(f"Not the URL of an http or https host: {url.scheme}://{host}")
    return url.scheme, host, url.port or _DEFAULT_PORTS[url.scheme]


@functools.cache
def _system_tls() -> ssl.SSLContext:
    # Reading the certificates of the authorities takes longer than starting the rest of the server.
    return ssl.create_default_context()


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens TCP connections to public addresses, and to the hosts and ports that are configured."""

    def __init__(self, *, lookup: Lookup, trusted: Iterable[tuple[str, int]], own_lookup: Lookup | None = None) -> None:
        """Look names up by `lookup`, those that are configured by `own_lookup` if that is another."""
        self._lookup = lookup
        self._own_lookup = own_lookup or lookup
        self._trusted = frozenset(trusted)
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first judged address that answers; raises ForbiddenAddress, UnknownHost."""
        addresses = await self.addresses(host, port)
        failure: Exception = UnknownHost(f"{host} has no address")
        for address in addresses[:_MAX_ATTEMPTS]:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def addresses(self, host: str, port: int) -> list[str]:
        """Resolve a host and judge all of what comes back: one private address among public ones refuses the host."""
        try:
            addresses = [host] if _is_address(host) else await self._look_up(host, port)
        except TimeoutError:
            raise TimedOut(f"Nobody said in time whether {host} has an address") from None
        except (OSError, UnicodeError) as error:
            if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
                raise Unreachable(f"Nobody can say whether {host} has an address: {error}") from None
            raise UnknownHost(f"{host} does not resolve: {error}") from None
        if (host, port) not in self._trusted:
            for address in addresses:
                if not is_public(address):
                    raise ForbiddenAddress(host, address)
        return addresses

    async def _look_up(self, host: str, port: int) -> list[str]:
        return await (self._own_lookup if (host, port) in self._trusted else self._lookup)(host, port)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Refuse: nothing public is behind a path."""
        raise UnsafeUrl(f"Not a host: {path}")

    async def sleep(self, seconds: float) -> None:
        """Wait, for the pool's retries."""
        await asyncio.sleep(seconds)


class _Body(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._response.aiter_stream():
                yield chunk
        except httpcore.TimeoutException as error:
            raise TimedOut("The answer stopped in the middle") from error
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise Unreachable(f"The answer broke off: {error}") from error

    async def aclose(self) -> None:
        await self._response.aclose()


class GuardedTransport(httpx.AsyncBaseTransport):
    """httpx on a connection pool whose connections all come from a GuardedBackend.

    httpx's own transport has no place to put a backend in, hence this one; it is only the translation between the two.
    """

    def __init__(
        self,
        *,
        lookup: Lookup,
        own_lookup: Lookup | None,
        trusted: Iterable[Origin],
        max_connections: int,
        tls: ssl.SSLContext | None,
    ) -> None:
        self._trusted = frozenset(trusted)
        places = [(host, port) for _, host, port in self._trusted]
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls or _system_tls(),
            max_connections=max_connections,
            max_keepalive_connections=max_connections // 4,
            keepalive_expiry=30.0,
            network_backend=GuardedBackend(lookup=lookup, own_lookup=own_lookup, trusted=places),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; raises UnsafeUrl for http to a host that is not configured, else a NetError."""
        origin = origin_of(request.url)
        if request.url.userinfo:
            raise UnsafeUrl("A URL with credentials in it")
        if origin[0] != "https" and origin not in self._trusted:
            raise UnsafeUrl(f"Only https is asked of strangers: http://{origin[1]}")
        try:
            response = await self._pool.handle_async_request(
                httpcore.Request(
                    method=request.method,
                    url=httpcore.URL(
                        scheme=request.url.raw_scheme,
                        host=request.url.raw_host,
                        port=request.url.port,
                        target=request.url.raw_path,
                    ),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        except httpcore.TimeoutException as error:
            raise TimedOut(f"{origin[1]} did not answer in time") from error
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise Unreachable(f"{origin[0]}://{origin[1]}:{origin[2]} cannot be reached: {error}") from error
        return httpx.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_Body(response),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._pool.aclose()
