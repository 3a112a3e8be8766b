"""Requests as bytes, made once and filled in with a number each time: what is sent never twice costs next to nothing.

It deliberately does not know connections, or what is answered.
"""

import random
from dataclasses import dataclass
from itertools import count
from typing import Final

import orjson

PASSWORD: Final = "correct horse battery staple"
COLLECTION: Final = "app.bsky.feed.post"

FILES: Final = "com.example.bench.file"
"""Records of a type that neither server knows, each of which refers to a blob."""

BLOB: Final = 1_000_000
"""Bytes of a blob."""

MARK: Final = b"#########"
"""Stands for the number in a template; nine digits, so that every request has the template's length."""

_numbers = count()


@dataclass(frozen=True, slots=True)
class Person:
    """An account; `keys` are its records' keys, in their order, `blobs` the CIDs of its blobs.

    `since` is the rev that it had before the last tenth of its records.
    """

    did: str
    handle: str
    token: str
    keys: tuple[str, ...] = ()
    since: str = ""
    blobs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """A request with gaps in which numbers go that are never used again."""

    parts: tuple[bytes, ...]

    @classmethod
    def of(cls, path: str, body: object, *, token: str | None = None) -> "Template":
        """Make the template of a procedure's request, with its path below `/xrpc/`."""
        return cls._of(path, orjson.dumps(body), "application/json", token)

    @classmethod
    def upload(cls, person: Person, size: int) -> "Template":
        """Make the template of an uploadBlob of that many bytes."""
        body = MARK + random.Random(size).randbytes(size - len(MARK))
        return cls._of("com.atproto.repo.uploadBlob", body, "application/octet-stream", person.token)

    @classmethod
    def _of(cls, path: str, body: bytes, content_type: str, token: str | None) -> "Template":
        auth = f"authorization: Bearer {token}\r\n" if token else ""
        head = f"POST /xrpc/{path} HTTP/1.1\r\nhost: localhost\r\n{auth}content-type: {content_type}\r\n"
        return cls(tuple((f"{head}content-length: {len(body)}\r\n\r\n".encode() + body).split(MARK)))

    @classmethod
    def apply_writes(cls, person: Person, writes: list[dict[str, object]]) -> "Template":
        """Make the template of an applyWrites."""
        return cls.of("com.atproto.repo.applyWrites", {"repo": person.did, "writes": writes}, token=person.token)

    def fill(self) -> bytes:
        """Return the request with new numbers."""
        first, *rest = self.parts
        pieces = [first]
        for part in rest:
            pieces += (b"%09d" % next(_numbers), part)
        return b"".join(pieces)


def get(path: str) -> bytes:
    """Return the request for a path."""
    return f"GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode()


def record() -> dict[str, object]:
    """Return a post of usual size, its number to be filled in."""
    text = f"Post {MARK.decode()}: the quick brown fox jumps over the lazy dog and takes a long look at the moon."
    return {"$type": COLLECTION, "text": text, "langs": ["en"], "createdAt": "2026-01-31T12:00:00.000Z"}


def creation(key: str | None = None) -> dict[str, object]:
    """Return a creation as applyWrites takes it; without a key the server chooses one."""
    write: dict[str, object] = {"$type": "com.atproto.repo.applyWrites#create", "collection": COLLECTION}
    return write | {"value": record()} | ({} if key is None else {"rkey": key})
