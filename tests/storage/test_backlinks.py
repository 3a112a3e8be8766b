"""Records by their subject, on both engines."""

import pytest

from roost.storage import Database, Tx, backlinks

pytestmark = pytest.mark.anyio


async def test_records_are_found_by_their_subject(tables: Database) -> None:
    """Of one account and collection, in order; a record that is written over has its new subject only."""

    def work(tx: Tx) -> list[list[str]]:
        for account, path, subject in [
            (1, "l/2", "s"),
            (1, "l/1", "s"),
            (1, "r/1", "s"),
            (2, "l/1", "s"),
            (1, "l/3", "s"),
        ]:
            backlinks.put(tx, account, path, path[0], subject)
        backlinks.put(tx, 1, "l/3", "l", "other")
        before = [backlinks.find(tx, 1, "l", "s"), backlinks.find(tx, 1, "l", "other"), backlinks.find(tx, 2, "l", "s")]
        backlinks.delete_many(tx, 1, ["l/1", "l/9"])
        return [*before, backlinks.find(tx, 1, "l", "s"), backlinks.find(tx, 2, "l", "s")]

    assert await tables.write(work) == [["l/1", "l/2"], ["l/3"], ["l/1"], ["l/2"], ["l/1"]]
