"""Splitting an SQL script into its statements.

A semicolon ends one, unless it stands in a string, a quoted name, a comment, or the body of a trigger, which ends with
`END;`: SQLite's own rules. PostgreSQL's scripts are read by them too, so these must do without `$$…$$`, without
backslashes in `E'…'`, and say CREATE OR REPLACE TRIGGER, as a CREATE TRIGGER would have to end with `END;`.
Deliberately knows nothing else of SQL.
"""

import re
from collections.abc import Iterator
from sqlite3 import complete_statement
from typing import Final

from roost.storage.errors import InvalidMigration

_COMMENT: Final = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


def statements(script: str) -> Iterator[str]:
    """Yield the statements with their semicolons; raises InvalidMigration where the last one has none."""
    start = 0
    for semicolon in re.finditer(";", script):
        statement = script[start : semicolon.end()]
        if complete_statement(statement):
            yield statement.strip()
            start = semicolon.end()
    rest = _COMMENT.sub("", script[start:]).strip()
    if rest:
        raise InvalidMigration(f"the script ends in the middle of a statement: {rest[:80]}")
