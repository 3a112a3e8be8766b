"""Blobs in tests: bytes of a kind, uploading them, records that refer to them, and what is stored of them."""

import time
from collections.abc import Callable
from pathlib import Path

import httpx

from roost.app import Server
from roost.data.cid import Cid
from roost.services.collecting import Collected, Collecting
from roost.storage import accounts, blobs, records
from roost.storage.db import Tx
from roost.storage.objects import is_name
from roost.syntax import Did
from support.calls import inside
from support.house import opened
from support.server import Person, Roost

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
"""How a PNG begins, which is all that is looked at."""


def picture(text: str) -> bytes:
    """Return bytes that pass for a picture of their own."""
    return PNG + text.encode()


def upload(person: Person, data: bytes, content_type: str | None = "image/png", **headers: str) -> httpx.Response:
    """Call uploadBlob."""
    said = {} if content_type is None else {"content-type": content_type}
    given = person.auth | said | {name.replace("_", "-"): value for name, value in headers.items()}
    return person.client.post("/xrpc/com.atproto.repo.uploadBlob", headers=given, content=data)


def uploaded(person: Person, data: bytes, content_type: str = "image/png") -> dict[str, object]:
    """Upload a blob and return the reference that a record may carry."""
    answer = upload(person, data, content_type)
    assert answer.status_code == 200, answer.text
    blob = answer.json()["blob"]
    assert isinstance(blob, dict)
    return blob


def reference(data: bytes, mime_type: str = "image/png", size: int | None = None) -> dict[str, object]:
    """Return a reference to a blob, whoever has it."""
    ref = {"$link": str(Cid.of_raw(data))}
    return {"$type": "blob", "ref": ref, "mimeType": mime_type, "size": len(data) if size is None else size}


def fetch(roost: Roost, person: Person, data: bytes, **headers: str) -> httpx.Response:
    """Call getBlob as nobody."""
    params = {"did": person.did, "cid": str(Cid.of_raw(data))}
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return roost.client.get("/xrpc/com.atproto.sync.getBlob", params=params, headers=given)


def listed(roost: Roost, person: Person, **params: object) -> list[str]:
    """Return what listBlobs answers to nobody."""
    answer = roost.get("com.atproto.sync.listBlobs", did=person.did, **params)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["cids"])


def server_of(roost: Roost) -> Server:
    """Return the running server."""
    assert roost.app.server is not None, "its lifespan has begun"
    return roost.app.server


def stored(data: Path) -> list[str]:
    """Return the names of all objects in a data directory."""
    return sorted(
        path.name for path in (data / "blobs").rglob("*") if is_name(path.name) and "incoming" not in path.parts
    )


def arriving(data: Path) -> list[str]:
    """Return the names of all files that are on their way in."""
    return sorted(path.name for path in (data / "blobs" / "incoming").iterdir())


def wait_for(what: str, holds: Callable[[], bool]) -> None:
    """Wait until something holds that the server does in its own time."""
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def collect(roost: Roost, *, grace_hours: float = 24) -> Collected:
    """Have the server collect what is due."""
    return inside(roost, server_of(roost).get(Collecting).collect(grace_hours=grace_hours))


def take_down(roost: Roost, person: Person, data: bytes, ref: str | None) -> bool:
    """Take a blob down, or restore it."""

    def change(tx: Tx) -> bool:
        account = accounts.by_did(tx, Did.parse(person.did))
        assert account is not None
        return blobs.set_takedown(tx, account.id, Cid.of_raw(data), ref)

    async def write() -> bool:
        return await server_of(roost).db.write(change)

    return inside(roost, write())


def rows(roost: Roost, table: str) -> int:
    """Return how many rows a table of the server's has."""

    async def read() -> int:
        row = await server_of(roost).db.read(lambda tx: tx.one(f"SELECT count(*) FROM {table}"))
        assert row is not None
        return int(row[0])

    return inside(roost, read())


def last_ops(roost: Roost, person: Person) -> list[dict[str, object]]:
    """Return the operations that the last #commit of a repository tells."""

    def read(tx: Tx) -> bytes:
        sql = "SELECT frame FROM event JOIN account ON account.id = event.account WHERE did = ? ORDER BY seq DESC"
        row = tx.one(sql, person.did)
        assert row is not None
        return bytes(row[0])

    async def frame() -> bytes:
        return await server_of(roost).db.read(read)

    name, body = opened(inside(roost, frame()))
    assert name == "#commit"
    ops = body["ops"]
    assert isinstance(ops, list)
    return [dict[str, object](op) for op in ops if isinstance(op, dict)]


def hide(roost: Roost, person: Person, path: str, ref: str | None) -> None:
    """Take a record down, or restore it."""

    def change(tx: Tx) -> None:
        account = accounts.by_did(tx, Did.parse(person.did))
        assert account is not None
        records.set_takedown(tx, account.id, path, ref)

    async def write() -> None:
        await server_of(roost).db.write(change)

    inside(roost, write())
