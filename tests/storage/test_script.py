"""Where one statement of a script ends."""

import pytest

from roost.storage.errors import InvalidMigration
from roost.storage.script import statements

TRIGGER = "CREATE TRIGGER t AFTER INSERT ON a BEGIN INSERT INTO b VALUES (1); DELETE FROM c; END;"

OTHER = "CREATE OR REPLACE TRIGGER t BEFORE UPDATE ON a FOR EACH STATEMENT EXECUTE FUNCTION f();"
"""As PostgreSQL has it."""


@pytest.mark.parametrize(
    ("script", "parts"),
    [
        ("", []),
        ("-- nothing; at all\n/* ; */\n", []),
        ("CREATE TABLE a (b);", ["CREATE TABLE a (b);"]),
        ("SELECT 1; SELECT 2;\nSELECT\n 3;", ["SELECT 1;", "SELECT 2;", "SELECT\n 3;"]),
        ("INSERT INTO a VALUES ('x;y', 'it''s;');SELECT 1;", ["INSERT INTO a VALUES ('x;y', 'it''s;');", "SELECT 1;"]),
        ('SELECT "a;b"; SELECT 1;', ['SELECT "a;b";', "SELECT 1;"]),
        ("-- don't; stop\nSELECT 1; -- done", ["-- don't; stop\nSELECT 1;"]),
        ("SELECT /* ; */ 1; /* done; */", ["SELECT /* ; */ 1;"]),
        (f"{TRIGGER} SELECT 1;", [TRIGGER, "SELECT 1;"]),
        (f"{OTHER} SELECT 1;", [OTHER, "SELECT 1;"]),
    ],
)
def test_a_script_is_cut_where_its_statements_end(script: str, parts: list[str]) -> None:
    """Not at the semicolons of strings, names, comments and triggers."""
    assert parts == list(statements(script))


@pytest.mark.parametrize("script", ["SELECT 1", "SELECT 1; SELECT '", "SELECT 1; CREATE TRIGGER t BEGIN SELECT 1;"])
def test_an_unfinished_statement_is_refused(script: str) -> None:
    """It was cut off, or is written in a way that is not understood here."""
    with pytest.raises(InvalidMigration, match="in the middle of a statement"):
        list(statements(script))
