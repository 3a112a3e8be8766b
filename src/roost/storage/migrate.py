"""Bringing a database's schema up to this program's: numbered scripts, each applied once, in one transaction.

A folder holds `NNNN_name.sql`, or the same with `.sqlite.sql` and `.postgres.sql` where the engines need different texts. A
script's first line is `-- compat: N`: the lowest version whose program can still work with the schema it leaves. So an older
program runs on a newer database as long as that is safe, and says so when it is not.
"""

import re
from collections.abc import Iterable, Iterator
from functools import partial
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final, NamedTuple

from roost.storage.db import Database, Tx
from roost.storage.errors import MigrationChanged, MigrationError, SchemaTooNew

_NAME: Final = re.compile(r"(\d{4})_([a-z0-9_]+)(?:\.(sqlite|postgres))?\.sql")
_COMPAT: Final = re.compile(r"-- compat: (\d+)\n")


class Migration(NamedTuple):
    """One step: what it does, and the lowest version that can live with it."""

    version: int
    name: str
    compat: int
    script: str

    @property
    def checksum(self) -> str:
        """The text's digest, by which a changed script is noticed."""
        return sha256(self.script.encode()).hexdigest()


def load(dialect: str, folder: Traversable | None = None) -> list[Migration]:
    """Return the migrations of a folder for an engine, in order. Raises MigrationError for one that is misnamed or missing."""
    found: dict[int, Migration] = {}
    for file in (folder or files("roost.storage") / "migrations").iterdir():
        if not file.name.endswith(".sql"):
            continue
        named = _NAME.fullmatch(file.name)
        if named is None:
            raise MigrationError(f"{file.name} is not named NNNN_name.sql")
        if named[3] not in (None, dialect):
            continue
        script = file.read_text()
        compat = _COMPAT.match(script)
        if compat is None:
            raise MigrationError(f"{file.name} does not begin with a line `-- compat: N`")
        version = int(named[1])
        if version in found:
            raise MigrationError(f"there are two migrations {version:04d} for {dialect}")
        found[version] = Migration(version, named[2], int(compat[1]), script)
    if sorted(found) != list(range(1, len(found) + 1)):
        raise MigrationError(f"migrations for {dialect} are not numbered 1 to {len(found)}: {sorted(found)}")
    return [found[version] for version in sorted(found)]


async def migrate(db: Database, migrations: Iterable[Migration], *, now: int) -> int:
    """Apply what is missing and return the schema's version; `now` is in milliseconds since 1970.

    Raises SchemaTooNew, MigrationChanged, and whatever a script runs into, which leaves the database as it was.
    """
    ours = list(migrations)
    await db.write(_make_table)
    applied = await db.read(lambda tx: _applied(tx, len(ours)))
    for version, (name, checksum) in applied.items():
        if version <= len(ours) and checksum != ours[version - 1].checksum:
            raise MigrationChanged(f"migration {version:04d} {name} is not the one that this database was made with")
    for step in ours[len(applied) :]:
        await db.write(partial(_apply, step=step, now=now))
    return max(len(ours), len(applied))


def _make_table(tx: Tx) -> None:
    tx.run(
        "CREATE TABLE IF NOT EXISTS schema_version"
        " (version BIGINT PRIMARY KEY, compat BIGINT NOT NULL, name TEXT NOT NULL,"
        " checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)"
    )


def _applied(tx: Tx, ours: int) -> dict[int, tuple[str, str]]:
    """Return what has been applied, by version. Raises SchemaTooNew."""
    rows = tx.all("SELECT version, compat, name, checksum FROM schema_version ORDER BY version")
    needed = max((compat for version, compat, _, _ in rows if version > ours), default=0)
    if needed > ours:
        raise SchemaTooNew(
            f"the database is at schema {rows[-1][0]}, which needs a program that knows schema {needed};"
            f" this one knows {ours}: install the newer version, or restore a backup made before it"
        )
    return {version: (name, checksum) for version, _, name, checksum in rows}


def _apply(tx: Tx, *, step: Migration, now: int) -> None:
    for statement in statements(step.script):
        tx.run(statement)
    tx.run(
        "INSERT INTO schema_version (version, compat, name, checksum, applied_at) VALUES (?, ?, ?, ?, ?)",
        step.version, step.compat, step.name, step.checksum, now,
    )  # fmt: skip


def statements(script: str) -> Iterator[str]:
    """Split a script into its statements, at each semicolon that ends a line.

    That is a rule for how our scripts are written, not for SQL: no line inside a string or a trigger may end with one.
    """
    lines: list[str] = []
    for line in script.splitlines():
        if line.lstrip().startswith("--"):
            continue
        lines.append(line)
        if line.rstrip().endswith(";"):
            yield "\n".join(lines).strip().removesuffix(";")
            lines = []
    if "".join(lines).strip():
        raise MigrationError("the script's last statement does not end with a semicolon")
