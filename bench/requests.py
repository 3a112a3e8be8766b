"""Requests as bytes, made once and filled in with a number each time: what is sent never twice costs next to nothing.

It deliberately does not know connections, or what is answered.
"""

from dataclasses import dataclass
from itertools import count
from typing import Final

import orjson

PASSWORD: Final = "correct horse battery staple"
COLLECTION: Final = "app.bsky.feed.post"

MARK: Final = b"#########"
"""Stands for the number in a template; nine digits, so that every request has the template's length."""

_numbers = count()


@dataclass(frozen=True, slots=True)
class Person:
    """An account; `keys` are its records' keys, in their order."""

    did: str
    handle: str
    token: str
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """A request with gaps in which numbers go that are never used again."""

    parts: tuple[bytes, ...]

    @classmethod
    def of(cls, path: str, body: object, *, token: str | None = None) -> "Template":
        """Make the template of a procedure's request, with its path below `/xrpc/`."""
        raw = orjson.dumps(body)
        auth = f"authorization: Bearer {token}\r\n" if token else ""
        head = f"POST /xrpc/{path} HTTP/1.1\r\nhost: localhost\r\n{auth}content-type: application/json\r\n"
        return cls(tuple((f"{head}content-length: {len(raw)}\r\n\r\n".encode() + raw).split(MARK)))

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
