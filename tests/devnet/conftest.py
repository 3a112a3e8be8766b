"""A PLC directory for each test."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from roost.devnet.plc import directory
from roost.devnet.serving import serve
from roost.net.client import Client
from roost.net.plc import PlcDirectory
from roost.storage.sqlite import SqliteDatabase
from support.network import Network


@pytest.fixture
def anyio_backend() -> str:
    """The event loop the server runs on."""
    return "asyncio"


@pytest.fixture
async def network(tmp_path: Path) -> AsyncIterator[Network]:
    """A directory that has no operations yet."""
    clock = [dt.datetime(2026, 1, 1, tzinfo=dt.UTC)]
    (tmp_path / "plc").mkdir()
    db = SqliteDatabase(tmp_path / "plc" / "plc.sqlite")
    async with serve(await directory(db, clock=lambda: clock[0])) as served:
        client = Client(trusted=[served.url])
        async with httpx.AsyncClient(base_url=served.url, trust_env=False) as http:
            yield Network(served.url, http, PlcDirectory(client, served.url), clock, db)
        await client.close()
    await db.close()
