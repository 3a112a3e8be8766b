"""The rule of a record type for its record keys: `tid`, `nsid`, `any`, or `literal:` and the one key there is.

It does not know records; a key is judged on its own. See https://atproto.com/specs/record-key, "Record Key Types".
"""

from collections.abc import Callable
from typing import Final

from roost.lexicon.errors import InvalidData
from roost.syntax import InvalidSyntax, Nsid, RecordKey, Tid

LITERAL: Final = "literal:"

PARSERS: Final[dict[str, Callable[[object], str]]] = {"tid": Tid.parse, "nsid": Nsid.parse, "any": RecordKey.parse}


def is_record_key_rule(rule: str) -> bool:
    """Tell whether this is a rule that a record type may declare as its `key`."""
    if rule.startswith(LITERAL):
        return _is(RecordKey.parse, rule.removeprefix(LITERAL))
    return rule in PARSERS


def record_key_rule(rule: str) -> Callable[[str], None]:
    """Return the check of one record key against a rule; it raises InvalidData with the rule `key`.

    `rule` is one for which is_record_key_rule holds ("Record Key Types").
    """
    if rule.startswith(LITERAL):
        return _literal(rule, rule.removeprefix(LITERAL))
    return _parsed(rule, PARSERS[rule])


def _parsed(rule: str, parse: Callable[[object], str]) -> Callable[[str], None]:
    # TIDs and NSIDs are record keys by their own grammar: no second test is needed.
    def check(rkey: str) -> None:
        if not _is(parse, rkey):
            raise _wrong(rule, f"must be a valid {'record key' if rule == 'any' else rule.upper()}")

    return check


def _literal(rule: str, only: str) -> Callable[[str], None]:
    def check(rkey: str) -> None:
        if rkey != only:
            raise _wrong(rule, f"must be {only}")

    return check


def _is(parse: Callable[[object], str], raw: str) -> bool:
    try:
        parse(raw)
    except InvalidSyntax:
        return False
    return True


def _wrong(rule: str, problem: str) -> InvalidData:
    wrong = InvalidData("key", rule, problem)
    wrong.subject = "Record key"
    return wrong
