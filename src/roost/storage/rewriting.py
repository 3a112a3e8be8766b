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
    # An import that was decided and then interrupted goes on after the migrations.
    k = -1
    while staged := tx.all(
        "SELECT k, cid, shown FROM staged_record WHERE k > ? AND cid IS NOT NULL ORDER BY k LIMIT ?", k, _PAGE
    ):
        tx.run_many(
            "UPDATE staged_record SET shown = ? WHERE k = ?",
            [(b'"cid":"%b","value":%b' % (str(Cid(cid)).encode(), json), k) for k, cid, json in staged],
        )
        k = staged[-1][0]


STEPS: Final[Mapping[int, Callable[[Tx], None]]] = {12: show_records}
