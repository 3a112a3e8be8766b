"""DID documents that outlive the process."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from roost.net.resolve import STALE
from roost.services import documents
from roost.services.background import Background
from roost.services.documents import Documents
from roost.storage import did_documents
from roost.syntax import Did
from support.house import House
from support.town import Town, opened_town

pytestmark = pytest.mark.anyio


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """A town."""
    async with opened_town(tmp_path) as town:
        yield town


async def test_a_document_that_was_read_is_kept(town: Town) -> None:
    """With the time of its reading, by whichever process."""
    alice = await town.resident()
    read = await town.resolver.resolve(alice.did)
    await town.background.drain()

    found = await Documents(town.house.db, town.background, town.house.minter).get(alice.did)

    assert found is not None
    assert str(read.did).encode() in found[0]
    assert found[1].timestamp() * 1000 == town.house.minter.milliseconds()


async def test_a_document_that_was_forgotten_is_gone(town: Town) -> None:
    """From the database, too."""
    alice = await town.resident()
    await town.resolver.resolve(alice.did)
    await town.background.drain()

    town.resolver.forget(alice.did)
    await town.background.drain()

    assert await town.resolver.peek(alice.did) is None


async def test_what_is_of_no_use_is_forgotten(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is a day old, and what is too much."""
    monkeypatch.setattr(documents, "KEPT", 2)
    monkeypatch.setattr(documents, "AT_A_TIME", 1)
    now, background = house.minter.milliseconds(), Background()
    old = now - int(STALE.total_seconds() * 1000) - 1
    dids = [Did(f"did:web:{n}.test") for n in range(6)]
    for n, did in enumerate(dids):
        await house.db.write(
            lambda tx, n=n, did=did: did_documents.put(tx, did, b"{}", old if n < 3 else now + n)  # type: ignore[misc]
        )
    store = Documents(house.db, background, house.minter)

    await store.tidy()

    assert [n for n, did in enumerate(dids) if await store.get(did) is not None] == [4, 5]
