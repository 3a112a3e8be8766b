"""The headers of an answer, and sending one: lists that are made once, to which a request adds its content length.

Every answer may be read by a page of any origin (the protocol has no cookies), errors included. It deliberately does
not know methods; `xrpc` says what to send.
"""

from typing import Final

from starlette.types import Receive, Send
from starlette.types import Scope as Asgi

Header = tuple[bytes, bytes]

CORS: Final[Header] = (b"access-control-allow-origin", b"*")

EXPOSED: Final[Header] = (
    b"access-control-expose-headers",
    b"RateLimit-Limit,RateLimit-Reset,RateLimit-Remaining,RateLimit-Policy,Retry-After,DPoP-Nonce,WWW-Authenticate",
)
"""What a page's code may read of an answer; only errors carry any of these, so only errors pay for the header."""

JSON: Final[Header] = (b"content-type", b"application/json")

# What was answered to a token must not be answered to somebody else by a cache in between.
PRIVATE: Final[tuple[Header, ...]] = ((b"cache-control", b"private"), (b"vary", b"Authorization"))

# A year, and not to be asked about again: what is named by its hash never becomes anything else (RFC 8246).
PUBLIC: Final[tuple[Header, ...]] = ((b"cache-control", b"public, max-age=31536000, immutable"),)

CHALLENGES: Final[dict[bool, Header]] = {
    False: (b"www-authenticate", b"Bearer"),
    True: (b"www-authenticate", b'Basic realm="admin", charset="UTF-8"'),
}
"""What a 401 asks for (RFC 9110 section 15.5.2 wants it said), by whether it is the administrator's credentials."""

UPGRADE: Final[tuple[Header, ...]] = ((b"upgrade", b"websocket"), (b"connection", b"upgrade"))
"""What a 426 has to name (RFC 9110 section 15.5.22)."""

PREFLIGHT: Final[tuple[Header, ...]] = (
    CORS,
    (b"access-control-allow-methods", b"GET,HEAD,PUT,PATCH,POST,DELETE"),
    (b"access-control-max-age", b"86400"),
    (b"vary", b"Access-Control-Request-Headers"),
)


async def respond(send: Send, status: int, headers: tuple[Header, ...], body: bytes) -> None:
    """Send a whole answer."""
    sized = [*headers, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": sized})
    await send({"type": "http.response.body", "body": body})


async def preflight(scope: Asgi, _receive: Receive, send: Send) -> None:
    """Answer OPTIONS: a page may send whatever headers it says it wants to (Fetch standard, CORS-preflight request)."""
    wanted = [value for name, value in scope["headers"] if name == b"access-control-request-headers"]
    headers = [*PREFLIGHT]
    if wanted:
        headers.append((b"access-control-allow-headers", b",".join(wanted)))
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
