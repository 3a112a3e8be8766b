"""Bringing a database's schema to what this Roost knows: numbered scripts, each applied once, in one transaction.

A folder holds them as `NNNN_name.sql`, from 0001 on. Where an engine needs another text, that is its own twin of it,
`NNNN_name.sqlite.sql` or `NNNN_name.postgres.sql`. The first line is `-- compat: N`: the lowest schema that a Roost
must know to run on what this leaves. So whoever updates can go back as long as that is safe, and is told when it is
not. Deliberately does not know what the scripts do.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from roost.storage.db import Database, Dialect, Tx
from roost.storage.errors import InvalidMigration, MigrationChanged, MigrationFailed, QueryFailed, SchemaTooNew
from roost.storage.rewriting import STEPS
from roost.storage.script import statements

_NAME: Final = re.compile(r"(?P<version>\d{4})_(?P<name>[a-z0-9_]+)(\.(?P<twin>sqlite|postgres))?\.sql")
_COMPAT: Final = re.compile(r"-- compat: (\d+)\n")


@dataclass(frozen=True, slots=True)
class Migration:
    """One step to the schema `version`; `compat` is the lowest schema that one must know to run on it."""

    version: int
    name: str
    compat: int
    script: str
    rewrite: Callable[[Tx], None] | None = None
    """What is left to do after the script (`roost.storage.rewriting`)."""

    @property
    def checksum(self) -> str:
        """The digest by which a changed script is noticed."""
        return sha256(self.script.encode()).hexdigest()


def load(dialect: Dialect, folder: Traversable | None = None) -> list[Migration]:
    """Return an engine's migrations in order, from our own folder unless another is given. Raises InvalidMigration."""
    names: dict[int, str] = {}
    scripts: dict[tuple[int, str | None], str] = {}
    for file in (folder or files("roost.storage") / "migrations").iterdir():
        if not file.name.endswith(".sql"):
            continue
        parts = _NAME.fullmatch(file.name)
        if parts is None:
            raise InvalidMigration(f"{file.name} is not named NNNN_name.sql")
        version = int(parts["version"])
        if names.setdefault(version, parts["name"]) != parts["name"]:
            raise InvalidMigration(f"{file.name} and {names[version]} have the same number")
        scripts[version, parts["twin"]] = file.read_text()
    if sorted(names) != list(range(1, len(names) + 1)):
        raise InvalidMigration(f"the migrations are not numbered from 1 on: {sorted(names)}")
    rewrites = STEPS if folder is None else {}
    return [
        _migration(
            version,
            names[version],
            scripts.get((version, dialect)) or scripts.get((version, None)),
            rewrites.get(version),
        )
        for version in sorted(names)
    ]


def _migration(version: int, name: str, script: str | None, rewrite: Callable[[Tx], None] | None) -> Migration:
    if script is None:
        raise InvalidMigration(f"{version:04d}_{name} has a twin for the other engine only")
    compat = _COMPAT.match(script)
    if compat is None or not 1 <= int(compat[1]) <= version:
        raise InvalidMigration(f"{version:04d}_{name} does not begin with `-- compat: N`, N from 1 to {version}")
    return Migration(version, name, int(compat[1]), script, rewrite)


async def migrate(db: Database, migrations: Iterable[Migration], *, now: int) -> int:
    """Apply what is missing and return the schema's version; `now` is in milliseconds since 1970.

    Several processes may do this at once. Raises SchemaTooNew, MigrationChanged, and MigrationFailed, after which the
    schema is that of the migration before.
    """
    ours = list(migrations)
    await db.write(_make_table)
    applied = await db.read(partial(_applied, ours=ours))
    for step in ours[len(applied) :]:
        await db.write(partial(_apply, step=step, ours=ours, now=now))
    return max(len(ours), len(applied))


def _make_table(tx: Tx) -> None:
    tx.run(
        "CREATE TABLE IF NOT EXISTS schema_version"
        " (version BIGINT PRIMARY KEY, compat BIGINT NOT NULL, name TEXT NOT NULL,"
        " checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)"
    )


def _applied(tx: Tx, *, ours: list[Migration]) -> set[int]:
    """Return the versions that have been applied. Raises SchemaTooNew and MigrationChanged."""
    rows = tx.all("SELECT version, compat, name, checksum FROM schema_version ORDER BY version")
    for version, compat, name, checksum in rows:
        if compat > len(ours):
            raise SchemaTooNew(
                f"the database has the migration {version:04d}_{name}, which needs a Roost that knows schema {compat};"
                f" this one knows {len(ours)}. Install a newer one, or restore a backup from before the update"
            )
        if version <= len(ours) and checksum != ours[version - 1].checksum:
            raise MigrationChanged(
                f"the migration {version:04d}_{name} that this database has is not the one that this Roost has:"
                " a script must not be changed once it has been applied anywhere"
            )
    return {version for version, _, _, _ in rows}


def _apply(tx: Tx, *, step: Migration, ours: list[Migration], now: int) -> None:
    if step.version in _applied(tx, ours=ours):  # another process has been faster
        return
    for statement in statements(step.script):
        try:
            tx.run(statement)
        except QueryFailed as error:
            raise MigrationFailed(f"{step.version:04d}_{step.name}: {error}, in: {statement}") from error
    if step.rewrite is not None:
        step.rewrite(tx)
    tx.run(
        "INSERT INTO schema_version (version, compat, name, checksum, applied_at) VALUES (?, ?, ?, ?, ?)",
        step.version, step.compat, step.name, step.checksum, now,
    )  # fmt: skip
