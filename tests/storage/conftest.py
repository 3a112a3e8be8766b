"""The fixtures that run the tests of this folder on both engines."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from roost import storage
from roost.storage import Database
from support import postgres
from support.tables import migrated


@pytest.fixture
def anyio_backend() -> str:
    """The event loop the server runs on."""
    return "asyncio"


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, on either engine."""
    return postgres.schema_url() if request.param == "postgres" else f"sqlite:///{tmp_path}/roost.sqlite"


@pytest.fixture
async def db(url: str) -> AsyncIterator[Database]:
    """An open database with a table of notes, on either engine."""
    db = storage.open(url)
    await db.write(lambda tx: tx.run("CREATE TABLE note (id BIGINT PRIMARY KEY, text TEXT NOT NULL)"))
    yield db
    await db.close()


@pytest.fixture
async def tables(url: str) -> AsyncIterator[Database]:
    """An open database with the tables of a server."""
    async with migrated(url) as db:
        yield db
