"""What of a request goes on to another server, and what of its answer comes back: headers chosen by name, errors in our
own form (spec section 3.3).

Nothing passes but what is listed, either way: no cookie, no credentials but the token that was made for this call, no
word of who the client is. It deliberately does not know how servers are reached; `proxy` does that.
"""

import re
import zlib
from collections.abc import Iterable, Mapping
from typing import Final

import orjson

from roost.http.answer import CHALLENGES, CORS, EXPOSED, JSON, PRIVATE, Header
from roost.http.errors import printable

FORWARDED: Final = frozenset({b"accept-encoding", b"accept-language", b"atproto-accept-labelers", b"x-bsky-topics"})
"""Request headers that go along with every method."""

FORWARDED_BODY: Final = frozenset({b"content-type", b"content-encoding", b"content-length"})
"""Request headers that go along with a body."""

RETURNED: Final = frozenset(
    {
        b"content-length",
        b"content-encoding",
        b"content-type",
        b"content-language",
        b"atproto-repo-rev",
        b"atproto-content-labelers",
        b"retry-after",
    }
)
"""Response headers that come back."""

GUARDS: Final[tuple[Header, ...]] = (
    CORS,
    *PRIVATE,
    (EXPOSED[0], EXPOSED[1] + b",atproto-repo-rev,atproto-content-labelers"),
    # It is somebody else's content under our name: nothing of it may run, whatever it says that it is.
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; sandbox"),
)
"""Headers that every relayed answer has."""

NAMES: Final = {
    400: "InvalidRequest",
    401: "AuthenticationRequired",
    403: "Forbidden",
    404: "XRPCNotSupported",
    406: "NotAcceptable",
    413: "PayloadTooLarge",
    415: "UnsupportedMediaType",
    429: "RateLimitExceeded",
    501: "MethodNotImplemented",
    503: "NotEnoughResources",
    504: "UpstreamTimeout",
}
"""What an error is called by whose server that has not said so itself."""

MOST_ERROR: Final = 64 * 1024
"""Bytes of an error that are looked at, before and after decompressing: a name and a sentence have some hundred."""

_NAME: Final = re.compile(r"[A-Za-z0-9_.#:-]{1,256}", re.ASCII)
_DECOMPRESSED: Final = frozenset({"gzip", "x-gzip", "deflate"})


def request_headers(headers: Iterable[Header], *, token: str | None, with_body: bool) -> list[tuple[str, str]]:
    """Return what goes along with a request, and the token that says for whom it is, if for anybody."""
    wanted = FORWARDED | FORWARDED_BODY if with_body else FORWARDED
    # No header that goes along has a use for anything but ASCII, and not every server would read it as it was meant.
    found = [(name.decode(), value.decode()) for name, value in headers if name in wanted and value.isascii()]
    if all(name != "accept-encoding" for name, _ in found):
        found.append(("accept-encoding", "identity"))
    return found if token is None else [*found, ("authorization", f"Bearer {token}")]


def response_headers(headers: Iterable[Header]) -> list[Header]:
    """Return what comes back with an answer; of two headers of one name, the first."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        if name.lower() in RETURNED:
            found.setdefault(name.lower(), value)
    return [*GUARDS, *found.items()]


def refusal_headers(status: int, headers: Mapping[str, str]) -> tuple[Header, ...]:
    """Return the headers that go with such an error: when to come back, if it says so, and nothing else of theirs."""
    found: tuple[Header, ...] = (JSON, *GUARDS)
    if status == 401:
        found = (*found, CHALLENGES[False])
    wait = headers.get("retry-after", "")
    return (*found, (b"retry-after", wait.encode())) if wait.isascii() and wait.isprintable() and wait else found


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
    """Return the status and the JSON with which another server's error is told, given the beginning of its body.

    An error of its own making (500) is ours to answer for as a gateway; so is an answer that no client could follow.
    """
    if not 400 <= status < 600:
        return told(502, "UpstreamFailure", "Upstream service answered with a redirect or an unknown status")
    said = _said(headers, body)
    if status == 500:
        return told(502, "UpstreamFailure", said.get("message", "Upstream service failed"))
    name = NAMES.get(status, "UpstreamFailure" if status >= 500 else "InvalidRequest")
    return told(status, said.get("error", name), said.get("message", "Upstream service refused the request"))


def told(status: int, name: str, message: str) -> tuple[int, bytes]:
    """Return an error as it is answered."""
    return status, orjson.dumps({"error": name, "message": printable(message)})


def _said(headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    """Return the name and the message in the body of an error, those that are there and are texts."""
    type = headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if type != "application/json":
        return {}
    try:
        value = orjson.loads(_plain(headers.get("content-encoding", "identity").strip().lower(), body))
    except (orjson.JSONDecodeError, zlib.error):
        return {}
    if not isinstance(value, dict):
        return {}
    texts = {key: each for key in ("error", "message") if isinstance(each := value.get(key), str) and each}
    if not _NAME.fullmatch(texts.get("error", "")):
        texts.pop("error", None)
    return texts


def _plain(coding: str, body: bytes) -> bytes:
    """Undo the compression of an error, up to the length of one; what is compressed otherwise says nothing."""
    if coding == "identity":
        return body
    return zlib.decompressobj(47).decompress(body, MOST_ERROR) if coding in _DECOMPRESSED else b""
