"""Which question marks stand for values."""

import pytest

from roost.storage.placeholders import to_psycopg


@pytest.mark.parametrize(
    ("ours", "psycopgs"),
    [
        ("SELECT 1", "SELECT 1"),
        ("SELECT a FROM t WHERE a = ? AND b IN (?, ?)", "SELECT a FROM t WHERE a = %s AND b IN (%s, %s)"),
        ("SELECT '?', ?", "SELECT '?', %s"),
        ("SELECT 'it''s ?', ?, '?'", "SELECT 'it''s ?', %s, '?'"),
        ('SELECT "a?", ? AS "it\'s", ?', 'SELECT "a?", %s AS "it\'s", %s'),
        ("SELECT a % ? FROM t WHERE b LIKE '%?'", "SELECT a %% %s FROM t WHERE b LIKE '%%?'"),
        ("SELECT '%s', ?", "SELECT '%%s', %s"),
        ("SELECT ? -- why?\n, ?", "SELECT %s -- why?\n, %s"),
        ("SELECT ? /* why?\n'who? */, ? -- isn't it?", "SELECT %s /* why?\n'who? */, %s -- isn't it?"),
        ("SELECT '--', ?, '/*', ?, '*/'", "SELECT '--', %s, '/*', %s, '*/'"),
    ],
)
def test_only_a_bare_question_mark_becomes_a_placeholder(ours: str, psycopgs: str) -> None:
    """Those in strings, names and comments are left alone; a percent sign is doubled wherever it stands."""
    assert psycopgs.encode() == to_psycopg(ours)


def test_a_text_is_rewritten_once() -> None:
    """There are few texts, and each is run a million times."""
    sql = "SELECT ?, 'only here'"

    assert to_psycopg(sql) is to_psycopg(sql)
