"""The outside world's memory: one Database interface on two engines, the schema, and the SQL of each aggregate.

Deliberately does not know what the rows mean to the protocol: services do.
"""

from pathlib import Path
from urllib.parse import unquote

from roost.storage.db import Database, Row, Tx, Value
from roost.storage.sqlite import SqliteDatabase

__all__ = ["Database", "Row", "Tx", "Value", "open"]


def open(where: str | Path) -> Database:
    """Open the database at a path or URL: `sqlite:///relative`, `sqlite:////absolute` or `postgresql://…`.

    An SQLite file is made where there is none. Raises DatabaseInUse, or another StorageError where it cannot be opened,
    and ValueError for any other URL.
    """
    if isinstance(where, Path):
        return SqliteDatabase(where)
    scheme, _, rest = where.partition(":")
    if scheme == "sqlite" and rest.startswith("///"):
        return SqliteDatabase(Path(unquote(rest.removeprefix("///"))))
    if scheme in ("postgresql", "postgres"):
        # Here and not above: the driver costs a server on SQLite an eighth of a second of its start, and 12 MB.
        from roost.storage.postgres import PostgresDatabase  # noqa: PLC0415

        return PostgresDatabase(where)
    raise ValueError(f"not the URL of a database: {where!r}; it begins with sqlite:/// or postgresql://")
