"""From one schema to the next, on both engines."""

from collections.abc import Callable
from pathlib import Path

import pytest

from roost.storage.db import Database
from roost.storage.errors import InvalidMigration, MigrationChanged, MigrationFailed, SchemaTooNew
from roost.storage.migrate import load, migrate

pytestmark = pytest.mark.anyio

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Makes a folder of migrations, given the scripts by name."""

    def make(**scripts: str) -> Path:
        folder = tmp_path / "migrations"
        folder.mkdir(exist_ok=True)
        for name, script in scripts.items():
            (folder / f"{name.removeprefix('m').replace('__', '.')}.sql").write_text(script)
        return folder

    return make


FIRST = "-- compat: 1\nCREATE TABLE a (x BIGINT);\nINSERT INTO a (x) VALUES (1);\n"
SECOND = "-- compat: 1\nALTER TABLE a ADD COLUMN y TEXT DEFAULT '?; 50%';\n"
BREAKING = "-- compat: 3\nALTER TABLE a RENAME TO b;\n"


async def test_what_is_missing_is_applied_in_order(db: Database, write: Write) -> None:
    """Once: the second start finds nothing to do."""
    migrations = load(db.dialect, write(m0001_first=FIRST, m0002_second=SECOND))

    versions = [await migrate(db, migrations, now=1000), await migrate(db, migrations, now=2000)]

    assert versions == [2, 2]
    assert await db.read(lambda tx: tx.all("SELECT x, y FROM a")) == [(1, "?; 50%")]


async def test_what_was_applied_is_written_down(db: Database, write: Write) -> None:
    """Which, when, and what the script was."""
    migrations = load(db.dialect, write(m0001_first=FIRST, m0002_second=SECOND))
    await migrate(db, migrations[:1], now=1000)
    await migrate(db, migrations, now=2000)

    rows = await db.read(
        lambda tx: tx.all("SELECT version, name, compat, applied_at, checksum FROM schema_version ORDER BY version")
    )

    assert [
        (1, "first", 1, 1000, migrations[0].checksum),
        (2, "second", 1, 2000, migrations[1].checksum),
    ] == rows


async def test_an_engine_gets_its_twin(db: Database, write: Write) -> None:
    """Where there is one; the common script otherwise."""
    folder = write(
        m0001_first="-- compat: 1\nCREATE TABLE a (x BIGINT);\n",
        m0001_first__postgres="-- compat: 1\nCREATE TABLE a (x BYTEA);\n",
        m0002_second__sqlite="-- compat: 1\nINSERT INTO a (x) VALUES (x'01');\n",
        m0002_second__postgres="-- compat: 1\nINSERT INTO a (x) VALUES ('\\x01');\n",
    )

    await migrate(db, load(db.dialect, folder), now=0)

    assert await db.read(lambda tx: tx.all("SELECT x FROM a")) == [(b"\x01",)]


async def test_a_migration_that_fails_is_undone_as_a_whole(db: Database, write: Write) -> None:
    """The schema is that of the one before, and the error names the statement."""
    broken = "-- compat: 1\nCREATE TABLE b (x BIGINT);\nINSERT INTO nowhere (x) VALUES (1);\n"
    migrations = load(db.dialect, write(m0001_first=FIRST, m0002_broken=broken))

    with pytest.raises(MigrationFailed, match=r"(?s)0002_broken: .*nowhere.* in: INSERT INTO nowhere"):
        await migrate(db, migrations, now=0)

    assert await migrate(db, migrations[:1], now=0) == 1
    await db.write(lambda tx: tx.run("CREATE TABLE b (x BIGINT)"))  # it is not there


async def test_an_older_roost_runs_on_a_newer_database_that_allows_it(db: Database, write: Write) -> None:
    """The updates were such that it can live with them."""
    migrations = load(db.dialect, write(m0001_first=FIRST, m0002_second=SECOND))
    await migrate(db, migrations, now=0)

    assert await migrate(db, migrations[:1], now=0) == 2


async def test_an_older_roost_refuses_a_newer_database_that_it_would_harm(db: Database, write: Write) -> None:
    """It says what it would have to know."""
    migrations = load(db.dialect, write(m0001_first=FIRST, m0002_second=SECOND, m0003_breaking=BREAKING))
    await migrate(db, migrations, now=0)

    with pytest.raises(SchemaTooNew, match=r"0003_breaking, which needs a Roost that knows schema 3; this one knows 2"):
        await migrate(db, migrations[:2], now=0)


async def test_a_script_that_was_changed_after_it_was_applied_is_refused(db: Database, write: Write) -> None:
    """The database is not what the script would make."""
    await migrate(db, load(db.dialect, write(m0001_first=FIRST)), now=0)

    with pytest.raises(MigrationChanged, match="0001_first"):
        await migrate(db, load(db.dialect, write(m0001_first=FIRST + "-- a word more\n")), now=0)


@pytest.mark.parametrize(
    ("scripts", "reason"),
    [
        ({"m1_first": FIRST}, "not named"),
        ({"m0001_First": FIRST}, "not named"),
        ({"m0001_first__oracle": FIRST}, "not named"),
        ({"m0002_second": FIRST}, "not numbered from 1 on"),
        ({"m0001_first": FIRST, "m0003_third": FIRST}, "not numbered from 1 on"),
        ({"m0001_first": FIRST, "m0001_other": FIRST}, "the same number"),
        ({"m0001_first__postgres": FIRST}, "for the other engine only"),
        ({"m0001_first": "CREATE TABLE a (x BIGINT);"}, "does not begin with"),
        ({"m0001_first": "-- compat: 2\n"}, "does not begin with"),
        ({"m0001_first": "-- compat: 0\n"}, "does not begin with"),
    ],
)
def test_a_folder_that_makes_no_sense_is_refused(write: Write, scripts: dict[str, str], reason: str) -> None:
    """Before anything is applied."""
    with pytest.raises(InvalidMigration, match=reason):
        load("sqlite", write(**scripts))


def test_other_files_may_lie_in_the_folder(write: Write) -> None:
    """A note to the reader is no migration."""
    folder = write(m0001_first=FIRST)
    (folder / "README.md").write_text("Do not change these.")

    assert [migration.name for migration in load("sqlite", folder)] == ["first"]


async def test_our_own_migrations_make_a_schema(db: Database) -> None:
    """On either engine, from nothing."""
    ours = load(db.dialect)

    assert len(ours) == await migrate(db, ours, now=0)
