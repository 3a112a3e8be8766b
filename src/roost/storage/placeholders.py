"""Rewriting the `?` of our SQL into the `%s` that psycopg wants.

Deliberately does not know all of PostgreSQL's ways to quote: not `E'…'` with backslashes, nor `$$…$$`, nor comments
inside comments. None of them is in the subset that it shares with SQLite.
"""

import re
from functools import lru_cache
from typing import Final

_TOKEN: Final = re.compile(
    r"""
      '[^']*'       # a string; a doubled quote inside makes it look like two, which comes to the same
    | "[^"]*"       # a quoted name
    | --[^\n]*      # a comment
    | /\*.*?\*/     # another
    | \?
    """,
    re.VERBOSE | re.DOTALL,
)


@lru_cache(maxsize=1024)  # each text once: there are fewer than this in Roost
def to_psycopg(sql: str) -> bytes:
    """Return the statement with `%s` for each `?` that stands for a value, and every `%` doubled."""
    return _TOKEN.sub(_placeholder, sql.replace("%", "%%")).encode()


def _placeholder(token: re.Match[str]) -> str:
    return "%s" if token[0] == "?" else token[0]
