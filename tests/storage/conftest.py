"""The fixture that runs every test of this folder that asks for it on both engines."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support import postgres

from roost import storage
from roost.storage import Database


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
    """An open database with a table of notes."""
    db = storage.open(url)
    await db.write(lambda tx: tx.run("CREATE TABLE note (id BIGINT PRIMARY KEY, text TEXT NOT NULL)"))
    yield db
    await db.close()
