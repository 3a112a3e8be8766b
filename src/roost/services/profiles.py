"""Profiles from the time when a blob was referred to by a CID and a media type alone: a client that edits one sends the
old form back, and may (spec section 1.2 putRecord).

It deliberately does not know what else a profile holds, nor any other record with such references: those stay as they
are until somebody writes them anew.
"""

from typing import Final

from roost.data.value import Value
from roost.services.errors import BlobNotFound
from roost.services.references import old_ref
from roost.storage import blobs
from roost.storage.db import Database, Tx
from roost.syntax import Nsid

PROFILE: Final = "app.bsky.actor.profile"

IMAGES: Final = ("avatar", "banner")
"""The fields of a profile that refer to a blob."""


class Profiles:
    """Brings profiles into today's form."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def modern(self, account: int, collection: Nsid, record: Value) -> Value:
        """Return the record; if it is a profile, with references to the account's blobs in today's form, and the size
        that each has. Whether it is an object at all is not looked at here. Raises BlobNotFound.
        """
        if collection != PROFILE or not isinstance(record, dict):
            return record
        found = {name: ref for name in IMAGES if (ref := old_ref(record.get(name))) is not None}
        if not found:
            return record

        def read(tx: Tx) -> dict[str, Value]:
            images: dict[str, Value] = {}
            for name, ref in found.items():
                blob = blobs.get(tx, account, ref.cid)
                if blob is None or blob.object is None:
                    raise BlobNotFound(f"Could not find blob: {ref.cid}")
                images[name] = {"$type": "blob", "ref": ref.cid, "mimeType": ref.mime_type, "size": blob.size}
            return images

        return record | await self._db.read(read)
