"""From a URL to the database behind it, its schema up to date."""

from roost import storage
from roost.storage.db import Database
from roost.storage.migrate import load, migrate


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
