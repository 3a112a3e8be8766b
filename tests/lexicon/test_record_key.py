"""Which record keys a record type admits."""

import pytest

from roost.lexicon.errors import InvalidData
from roost.lexicon.record_key import is_record_key_rule, record_key_rule


@pytest.mark.parametrize(
    ("rule", "rkey"),
    [
        ("tid", "3kznmn7xqxl22"),
        ("nsid", "com.example.thing"),
        ("any", "self"),
        ("any", "a:b_c~d.e-f"),
        ("literal:self", "self"),
    ],
)
def test_a_key_of_the_kind_passes(rule: str, rkey: str) -> None:
    """The four kinds of the specification."""
    record_key_rule(rule)(rkey)


@pytest.mark.parametrize(
    ("rule", "rkey", "message"),
    [
        ("tid", "self", "Record key must be a valid TID"),
        ("nsid", "self", "Record key must be a valid NSID"),
        ("any", "..", "Record key must be a valid record key"),
        ("any", "", "Record key must be a valid record key"),
        ("any", "a/b", "Record key must be a valid record key"),
        ("literal:self", "Self", "Record key must be self"),
    ],
)
def test_a_key_of_another_kind_is_refused(rule: str, rkey: str, message: str) -> None:
    """The rule that was broken is in the error."""
    with pytest.raises(InvalidData) as caught:
        record_key_rule(rule)(rkey)

    assert (caught.value.rule, caught.value.expected, caught.value.message) == ("key", rule, message)


@pytest.mark.parametrize("rule", ["tid", "nsid", "any", "literal:self"])
def test_the_rules_of_the_specification_are_rules(rule: str) -> None:
    """A record type may declare any of them."""
    assert is_record_key_rule(rule)


@pytest.mark.parametrize("rule", ["", "uuid", "literal:", "literal:a/b", "literal:.", "literal"])
def test_anything_else_is_not_a_rule(rule: str) -> None:
    """A literal has to be a record key itself."""
    assert not is_record_key_rule(rule)
