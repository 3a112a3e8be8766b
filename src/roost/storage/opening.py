"""From a URL to the database behind it, its schema up to date, and to where the bytes of blobs are."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from roost import storage
from roost.storage.db import Database
from roost.storage.migrate import load, migrate
from roost.storage.objects import Directory, Objects, Spool


async def open_database(url: str, *, now: int) -> Database:
    """Open a database as `storage.open` does, and migrate it; `now` is in milliseconds since 1970.

    Raises StorageError, of which DatabaseInUse and MigrationError are what an operator can mend.
    """
    db = storage.open(url)
    try:
        await migrate(db, load(db.dialect), now=now)
    except BaseException:
        await db.close()
        raise
    return db


def open_objects(url: str | None, data: Path) -> Objects:
    """Open the objects at a URL (`file:///path`, `s3://bucket/prefix`, `gs://…`, `az://…`, `memory:///`), or in `data`.

    Raises ObjectStoreFailed for a URL that does not make sense.
    """
    if url is None:
        return Directory(data / "blobs")
    if urlsplit(url).scheme == "file":
        return Directory(Path(unquote(urlsplit(url).path)))
    # Here and not above: its library costs a server without one 30 ms of its start, and 15 MB.
    from roost.storage.object_store import ObjectStore  # noqa: PLC0415

    return ObjectStore(url, Spool(data / "incoming"))
