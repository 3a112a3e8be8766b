"""DID documents kept beyond this process: what `net.resolve` remembers them by.

Deliberately does not judge them; whoever needs the truth has it asked for at the source.
"""

from datetime import UTC, datetime
from typing import Final

from roost.net.resolve import STALE
from roost.services.background import Background
from roost.services.clock import Minter
from roost.storage import did_documents
from roost.storage.db import Database
from roost.syntax import Did

KEPT: Final = 20_000
"""Documents kept; at a kilobyte or two each, some 40 MB."""

AT_A_TIME: Final = 500
"""Documents forgotten in one transaction: some 5 ms."""


class Documents:
    """A store of documents in the database; writing waits for nobody, and nobody for it."""

    def __init__(self, db: Database, background: Background, minter: Minter) -> None:
        self._db = db
        self._background = background
        self._minter = minter

    async def get(self, did: Did) -> tuple[bytes, datetime] | None:
        """Return a document as JSON and when it was fetched, or None."""
        found = await self._db.read(lambda tx: did_documents.get(tx, did))
        return None if found is None else (found[0], datetime.fromtimestamp(found[1] / 1000, UTC))

    def put(self, did: Did, document: bytes, at: datetime) -> None:
        """Keep a document, soon."""
        fetched_at = int(at.timestamp() * 1000)
        write = self._db.write(lambda tx: did_documents.put(tx, did, document, fetched_at))
        self._background.start("keeping a DID document", write)

    def drop(self, did: Did) -> None:
        """Forget a document, soon."""
        self._background.start("forgetting a DID document", self._db.write(lambda tx: did_documents.drop(tx, did)))

    async def tidy(self) -> None:
        """Forget what is too old to be given out, and the oldest beyond what is kept."""
        before = self._minter.milliseconds() - int(STALE.total_seconds() * 1000)
        while await self._db.write(lambda tx: did_documents.drop_some(tx, before=before, keep=KEPT, limit=AT_A_TIME)):
            pass
