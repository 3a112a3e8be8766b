"""From a URL to the database behind it, its schema up to date."""

from pathlib import Path

from roost.storage.db import Database
from roost.storage.errors import UnsupportedUrl
from roost.storage.migrate import load, migrate
from roost.storage.postgres import PostgresDatabase
from roost.storage.sqlite import SqliteDatabase


async def open_database(url: str, *, now: int) -> Database:
    """Open `sqlite:///path` or `postgresql://…` and migrate it; `now` is in milliseconds since 1970.

    Raises UnsupportedUrl, DatabaseInUse, SchemaTooNew, MigrationChanged.
    """
    db: Database
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        db, dialect = SqliteDatabase(Path(rest)), "sqlite"
    elif scheme in ("postgresql", "postgres"):
        db, dialect = PostgresDatabase(url), "postgres"
    else:
        raise UnsupportedUrl(f"{scheme}:// is no database: use sqlite:///path or postgresql://user@host/name")
    try:
        await migrate(db, load(dialect), now=now)
    except BaseException:
        await db.close()
        raise
    return db
