"""DID documents, on both engines."""

import pytest

from roost.storage import Database, Tx, did_documents
from roost.syntax import Did

pytestmark = pytest.mark.anyio

DIDS = [Did(f"did:web:{name}.test") for name in "abcde"]


async def test_the_newest_document_is_kept(tables: Database) -> None:
    """A slow fetch does not undo what a later one has seen."""

    def put(tx: Tx) -> None:
        did_documents.put(tx, DIDS[0], b"old", 5)
        did_documents.put(tx, DIDS[0], b"new", 7)
        did_documents.put(tx, DIDS[0], b"late", 6)

    await tables.write(put)

    assert await tables.read(lambda tx: did_documents.get(tx, DIDS[0])) == (b"new", 7)
    await tables.write(lambda tx: did_documents.drop(tx, DIDS[0]))
    assert await tables.read(lambda tx: did_documents.get(tx, DIDS[0])) is None


async def test_the_oldest_are_forgotten_a_few_at_a_time(tables: Database) -> None:
    """Those from before a time, and those beyond so many."""

    def put(tx: Tx) -> None:
        for at, did in enumerate(DIDS):
            did_documents.put(tx, did, b"{}", at)

    await tables.write(put)

    def kept(tx: Tx) -> list[int]:
        return [at for at, did in enumerate(DIDS) if did_documents.get(tx, did) is not None]

    assert await tables.write(lambda tx: did_documents.drop_some(tx, before=2, keep=9, limit=1)) == 1
    assert await tables.read(kept) == [1, 2, 3, 4]
    assert await tables.write(lambda tx: did_documents.drop_some(tx, before=2, keep=2, limit=9)) == 2
    assert await tables.read(kept) == [3, 4]
    assert await tables.write(lambda tx: did_documents.drop_some(tx, before=2, keep=2, limit=9)) == 0
