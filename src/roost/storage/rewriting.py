"""What migrations do that SQL cannot: rewriting rows, in the transaction of the script, after it.

Steps are given to the migration of that number, and stay as they are once it has been applied anywhere. So they use
nothing of the modules that go on changing.
"""

from collections.abc import Callable, Mapping
from typing import Final

from roost.data.cid import Cid
from roost.storage.db import Tx

_PAGE: Final = 500


def show_records(tx: Tx) -> None:
    """Put the CID's text before each record's JSON: what was `{…}` becomes `"cid":"bafy…","value":{…}`."""
    repo, path = -1, ""
    while rows := tx.all(
        "SELECT repo, path, cid, shown FROM record WHERE (repo, path) > (?, ?) ORDER BY repo, path LIMIT ?",
        repo, path, _PAGE,
    ):  # fmt: skip
        tx.run_many(
            "UPDATE record SET shown = ? WHERE repo = ? AND path = ?",
            [(b'"cid":"%b","value":%b' % (str(Cid(cid)).encode(), json), repo, path) for repo, path, cid, json in rows],
        )
        repo, path, _, _ = rows[-1]


STEPS: Final[Mapping[int, Callable[[Tx], None]]] = {12: show_records}
