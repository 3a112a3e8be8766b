"""A house for the services to live in, and the event loop that they run on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.house import House, opened_house


@pytest.fixture
def anyio_backend() -> str:
    """The event loop the server runs on."""
    return "asyncio"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """The services on an empty database."""
    async with opened_house(tmp_path) as house:
        yield house
