"""Objects in a store that many machines reach: S3 and its like, Google's, Azure's; and in memory, for tests.

Where it is and who may write to it, `obstore` reads from the URL and from the environment variables of each vendor
(`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL`, …).
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

import obstore
from obstore.exceptions import BaseError
from obstore.store import from_url

from roost.storage.errors import ObjectMissing, ObjectStoreFailed
from roost.storage.objects import Spool, Stored, is_name, path_of

WINDOW: Final = 4 * 1024 * 1024
"""Bytes asked for in one request: more than most images have, and what each reader may keep in memory. An open answer
would have to be kept alive for as long as a slow client reads.
"""

PART: Final = 8 * 1024 * 1024
"""Bytes of each part of a large upload; S3 allows no fewer than 5 MiB."""

UPLOADS: Final = 4
"""Uploads to the store at a moment, of one part each: so 32 MiB is the most they keep in memory."""

TIMEOUT: Final = timedelta(seconds=60)
"""For one request, which carries a PART at the most."""

RETRY: Final = timedelta(seconds=30)
"""For how long a request that failed is tried again."""


class ObjectStore:
    """Objects below a URL. See Objects."""

    def __init__(self, url: str, spool: Spool) -> None:
        self.spool = spool
        self._uploads = asyncio.Semaphore(UPLOADS)
        with _told():
            # Plain HTTP too: an endpoint without TLS is the operator's own word, of a store on the same machine.
            self._store = from_url(
                url,
                client_options={"allow_http": True, "timeout": TIMEOUT, "connect_timeout": timedelta(seconds=5)},
                retry_config={"max_retries": 3, "retry_timeout": RETRY},
            )

    async def put(self, name: str, file: Path) -> None:
        """See Objects.put."""
        async with self._uploads:
            with _told():
                await obstore.put_async(self._store, path_of(name), file, chunk_size=PART, max_concurrency=1)

    async def read(self, name: str, start: int, length: int) -> AsyncIterator[bytes]:
        """See Objects.read."""
        end = start + length
        while start < end:
            stop = min(start + WINDOW, end)
            with _told(name):
                piece = await obstore.get_range_async(self._store, path_of(name), start=start, end=stop)
            yield bytes(piece)
            start += len(piece)
            if start < stop:
                raise ObjectMissing(name, f"it ends at byte {start}")

    async def delete(self, name: str) -> None:
        """See Objects.delete."""
        try:
            with _told(name):
                await obstore.delete_async(self._store, path_of(name))
        except ObjectMissing:
            pass

    async def list(self) -> AsyncIterator[Stored]:
        """See Objects.list."""
        pages = obstore.list(self._store, chunk_size=1000)
        while True:
            with _told():
                page = await anext(pages, None)
            if page is None:
                return
            for each in page:
                name = each["path"].rpartition("/")[2]
                if is_name(name) and path_of(name) == each["path"]:
                    yield Stored(name, each["size"], each["last_modified"].timestamp())

    async def close(self) -> None:
        """See Objects.close."""
        await asyncio.to_thread(self.spool.close)


@contextmanager
def _told(name: str = "") -> Iterator[None]:
    """Raise what the store raises as our own errors."""
    try:
        yield
    except FileNotFoundError:
        raise ObjectMissing(name, "the store has no such object") from None
    except (BaseError, ValueError) as error:
        # The library adds its own data structures to the message, below an empty line.
        raise ObjectStoreFailed(str(error).partition("\n\n")[0]) from error
