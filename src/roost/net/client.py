"""The one HTTP client: capped in bytes and in time, without cookies, proxies from the environment, or silent redirects.

What may be connected to is `transport`'s decision. Knows nothing of what is asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx
import orjson

from roost.net.errors import BadAnswer, TimedOut, TooLarge, TooManyRedirects, UnsafeUrl
from roost.net.transport import GuardedTransport, Lookup, origin_of, system_lookup

# Enough for any JSON this server asks strangers for; callers that proxy or fetch files name their own.
DEFAULT_MAX_BYTES = 1024 * 1024
# A stranger's whole answer, from DNS to the last byte. Resolvers use less.
DEFAULT_TIMEOUT = 10.0
# File descriptors are shared with the sockets that come in.
MAX_CONNECTIONS = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; header names are case-insensitive."""

    url: str
    status: int
    headers: httpx.Headers
    body: bytes

    def json(self) -> object:
        """Return the body decoded; raises BadAnswer."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise BadAnswer(f"{self.url} answered what is not JSON: {error}") from None

    def text(self) -> str:
        """Return the body as UTF-8; raises BadAnswer."""
        try:
            return self.body.decode()
        except UnicodeDecodeError:
            raise BadAnswer(f"{self.url} answered what is not UTF-8") from None


class Client:
    """Asks other machines, one guarded pool for the whole server.

    `trusted` lists origins the operator has configured (`http://127.0.0.1:2582`): these alone may be http, and
    may be at addresses that are not public; their names are looked up by `own_lookup` if that is given. `tls` replaces
    the machine's certificate authorities, for a network with its own.
    """

    def __init__(
        self,
        *,
        trusted: Iterable[str] = (),
        lookup: Lookup = system_lookup,
        own_lookup: Lookup | None = None,
        user_agent: str = "roost",
        max_connections: int = MAX_CONNECTIONS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._trusted = frozenset(origin_of(_parsed(url)) for url in trusted)
        self._http = httpx.AsyncClient(
            transport=GuardedTransport(
                lookup=lookup,
                own_lookup=own_lookup,
                trusted=self._trusted,
                max_connections=max_connections,
                tls=tls,
            ),
            # Identity: a compressed answer of a megabyte can unpack to a gigabyte, and our caps count what arrives.
            headers={"user-agent": user_agent, "accept-encoding": "identity"},
            cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=False,
            trust_env=False,
            timeout=httpx.Timeout(DEFAULT_TIMEOUT),
        )

    async def fetch(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        max_bytes: int = DEFAULT_MAX_BYTES,
        timeout: float = DEFAULT_TIMEOUT,  # noqa: ASYNC109 - it covers the redirects and the body too
        redirects: int = 0,
    ) -> Answer:
        """Ask and read the whole answer, whatever its status; `timeout` is for all of it, in seconds.

        Each redirect, if any may be followed, passes the guard anew and must be https on its usual port (or trusted).
        Raises a NetError.
        """
        try:
            async with asyncio.timeout(timeout):
                answer, location = await self._ask(method, url, headers, content, max_bytes)
                for _ in range(redirects if method == "GET" else 0):
                    if location is None:
                        break
                    self._check_hop(location)
                    # No header goes along: what was meant for one host is not another's to see.
                    answer, location = await self._ask(method, location, None, None, max_bytes)
        except TimeoutError:
            raise TimedOut(f"{url} did not answer within {timeout:g} s") from None
        if location is not None:
            raise TooManyRedirects(f"{answer.url} redirects further than is followed")
        return answer

    def _check_hop(self, location: str) -> None:
        """Refuse a redirect to another port: whoever is asked must not choose a service for us to knock at."""
        url = _parsed(location)
        if url.port is not None and origin_of(url) not in self._trusted:
            raise UnsafeUrl("A redirect to another port than https has")

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str] | None, content: bytes | None, max_bytes: int
    ) -> tuple[Answer, str | None]:
        """Ask once; returns the answer, and where it redirects to if it does."""
        async with self.stream(method, url, headers=headers, content=content) as response:
            location = response.headers.get("location") if response.status_code in (301, 302, 303, 307, 308) else None
            body = b"" if location is not None else await _read(response, max_bytes)
            answer = Answer(str(response.url), response.status_code, response.headers, body)
            return answer, None if location is None else _joined(response.url, location)

    @contextlib.asynccontextmanager
    async def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | list[tuple[str, str]] | None = None,
        content: bytes | AsyncIterable[bytes] | None = None,
        silence: float = DEFAULT_TIMEOUT,
    ) -> AsyncIterator[httpx.Response]:
        """Ask, and give the answer unread: the caller counts the bytes and minds the time. Raises a NetError.

        `silence` is how long, in seconds, any one step may take: connecting, sending a piece, hearing the next one.
        A redirect comes back as the answer it is.
        """
        target = _parsed(url)
        # Named here because httpx would decode an `xn--` host first, and fails for those that IDNA does not allow: what
        # somebody makes up, but also the emoji domains that are in use.
        named = httpx.Headers(headers)
        named["host"] = target.netloc.decode("ascii")
        request = self._http.build_request(method, target, headers=named, content=content, timeout=silence)
        try:
            response = await self._http.send(request, stream=True)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            # All that httpx still judges by itself: a Location that is no URL, though redirects are ours to follow.
            raise BadAnswer(f"{target.netloc.decode()} answered what cannot be read: {error}") from None
        try:
            yield response
        finally:
            await response.aclose()

    async def close(self) -> None:
        """Close every connection."""
        await self._http.aclose()


async def _read(response: httpx.Response, max_bytes: int) -> bytes:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise BadAnswer(f"{response.url} answered compressed, which was not asked for")
    declared = response.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > max_bytes:
        raise TooLarge(max_bytes)
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > max_bytes:
            raise TooLarge(max_bytes)
    return bytes(body)


def _joined(base: httpx.URL, location: str) -> str:
    try:
        return str(base.join(location))
    except (httpx.InvalidURL, ValueError):
        raise BadAnswer(f"{base} redirects to what is no URL") from None


def _parsed(url: str) -> httpx.URL:
    try:
        return httpx.URL(url)
    except (httpx.InvalidURL, ValueError, UnicodeError):
        raise UnsafeUrl("Not a URL") from None
