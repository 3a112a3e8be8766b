"""A process that writes as fast as it can and prints what was acknowledged: to be killed.

Run as `python writing.py URL FIRST`; it adds notes with ids from FIRST on.
"""

import asyncio
import os
import sys
from itertools import count

from roost import storage
from roost.storage.db import Tx

WRITERS = 8


async def main(url: str, first: int) -> None:
    """Write until killed."""
    db = storage.open(url)
    ids = count(first)

    async def write() -> None:
        for id in ids:

            def add(tx: Tx, id: int = id) -> None:
                tx.run("INSERT INTO note (id, text) VALUES (?, ?)", id, "x" * 500)

            await db.write(add)
            os.write(1, f"{id}\n".encode())

    await asyncio.gather(*(write() for _ in range(WRITERS)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
