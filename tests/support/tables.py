"""A migrated database on either engine, for the tests of the modules that hold its SQL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from roost.data.cid import Cid
from roost.storage import Database
from roost.storage.opening import open_database
from roost.syntax import Tid


@asynccontextmanager
async def migrated(url: str) -> AsyncIterator[Database]:
    """Open the database at that URL with all tables in it."""
    db = await open_database(url, now=0)
    try:
        yield db
    finally:
        await db.close()


def cid(text: str) -> Cid:
    """Return a CID that stands for `text`."""
    return Cid.of_cbor(text.encode())


def rev(micros: int) -> Tid:
    """Return the rev of that moment."""
    return Tid.of(micros, 0)
