"""Errors in the words of October 2022."""

import pytest

from roost.api.errors import InvalidBody, InvalidParams, JsonTooLarge, PayloadTooLarge, WrongEncoding
from roost.api.v2022.errors import (
    InvalidUsername,
    UsernameNotAvailable,
    explain,
    explain_admin,
    explain_bearer,
    requirement,
)
from roost.lexicon import InvalidData
from roost.lexicon.errors import Rule
from roost.services import errors
from roost.services.errors import ServiceError
from roost.services.writes import InvalidRecord, UnknownRecordType
from roost.syntax import Nsid

NOTE = Nsid.parse("com.example.note")


def said(error: Exception) -> tuple[str, str]:
    """Return the class and the text of an error."""
    return type(error).__name__, str(error)


def because(error: Exception, cause: Exception) -> Exception:
    """Give an error its cause."""
    error.__cause__ = cause
    return error


def broken(rule: Rule, expected: object = None, *path: str | int) -> InvalidData:
    """Return a broken rule of a lexicon."""
    return InvalidData(rule, expected, "is not as it should be", path=path)


@pytest.mark.parametrize(
    ("cause", "text"),
    [
        (broken("required", "did"), "Required parameter not supplied: did"),
        (broken("minimum", 1, "limit"), "Parameter 'limit' is less than minimum allowed value (1)"),
        (broken("maximum", 100, "limit"), "Parameter 'limit' is greater than maximum allowed value (100)"),
        (broken("format", "did", "did"), "Parameter 'did' is not as it should be"),
    ],
)
def test_parameters(cause: InvalidData, text: str) -> None:
    """A query was refused with the parameter's name."""
    error = because(InvalidParams("com.example.old", "today's words"), cause)

    assert said(explain(error)) == ("InvalidRequest", text)


@pytest.mark.parametrize(
    ("cause", "text"),
    [
        (broken("required", "username"), "data must have required property 'username'"),
        (broken("type", "string", "username"), "data/username must be string"),
        (broken("type", "integer", "writes", 3, "n"), "data/writes/3/n must be number"),
    ],
)
def test_bodies(cause: InvalidData, text: str) -> None:
    """A body was refused in the words of a JSON schema validator, with the path into it."""
    error = because(InvalidBody("com.example.old", "today's words"), cause)

    assert said(explain(error)) == ("InvalidRequest", text)


def test_what_no_schema_says_keeps_its_words() -> None:
    """JSON that is none was never the validator's."""
    for error in (InvalidBody("com.example.old", "not valid JSON"), InvalidParams("com.example.old", "not UTF-8")):
        assert said(explain(error)) == ("InvalidRequest", str(error))


@pytest.mark.parametrize(
    ("rule", "expected", "text"),
    [
        ("required", "text", "must have required property 'text'"),
        ("type", "string", "must be string"),
        ("nullable", "string", "must be string"),
        ("enum", ["a"], "must be equal to one of the allowed values"),
        ("const", "a", "must be equal to constant"),
        ("minimum", 1, "must be >= 1"),
        ("maximum", 9, "must be <= 9"),
        ("maxLength", 20, "must NOT have more than 20 characters"),
        ("maxGraphemes", 20, "must NOT have more than 20 characters"),
        ("minLength", 1, "must NOT have fewer than 1 characters"),
        ("minGraphemes", 1, "must NOT have fewer than 1 characters"),
        ("format", "did", 'must match format "did"'),
        ("union", None, "is not as it should be"),
    ],
)
def test_requirements(rule: Rule, expected: object, text: str) -> None:
    """Each rule in the words of the validator of the time; what it did not know, in today's."""
    assert requirement(broken(rule, expected)) == text


def test_records() -> None:
    """A record was refused with the path into its schema."""
    cause = broken("maxGraphemes", 20, "list", 3, "text")
    error = because(InvalidRecord(NOTE, cause), cause)

    where = "#/properties/list/items/properties/text/maxLength"
    text = f"Invalid {NOTE} record: Failed {NOTE} validation for {where}: must NOT have more than 20 characters"
    assert said(explain(error)) == ("InvalidRequest", text)
    assert said(explain(UnknownRecordType(NOTE))) == ("InvalidRequest", f"Invalid {NOTE} record: Schema not found")


@pytest.mark.parametrize(
    ("error", "name", "text"),
    [
        (errors.RepoNotFound("Could not find repo: bob.test"), "InvalidRequest", "Could not find user: bob.test"),
        (errors.RepoTakendown("Repo has been takendown: did:x:y"), "InvalidRequest", "Could not find user: did:x:y"),
        (errors.RepoDeactivated("Repo has been deactivated: a b"), "InvalidRequest", "Could not find user: a b"),
        (errors.InvalidHandle("Handle too short"), "InvalidUsername", "Handle too short"),
        (errors.UnsupportedDomain("Not supported"), "InvalidUsername", "Not supported"),
        (errors.HandleNotAvailable("Reserved handle"), "InvalidUsername", "Reserved handle"),
        (errors.RecordNotFound("Could not locate record"), "InvalidRequest", "Could not locate record"),
        (errors.RecordAlreadyExists("It exists"), "InvalidRequest", "It exists"),
        (errors.EmailNotAvailable("Email taken"), "InvalidRequest", "Email taken"),
        (WrongEncoding("text/plain"), "InvalidRequest", "Invalid request encoding: text/plain"),
        (WrongEncoding(""), "InvalidRequest", "Invalid request encoding: false"),
        (errors.InvalidPassword("too short"), "InvalidPassword", "too short"),
        (UsernameNotAvailable("taken"), "UsernameNotAvailable", "taken"),
        (InvalidUsername("bad"), "InvalidUsername", "bad"),
    ],
)
def test_names_and_texts(error: ServiceError, name: str, text: str) -> None:
    """Names that 2022 did not have become its own; those that it had stay."""
    assert said(explain(error)) == (name, text)


def test_a_missing_repository_has_other_names_elsewhere() -> None:
    """A method says what it did not find."""
    error = errors.RepoNotFound("Could not find repo: did:x:y")

    assert said(explain(error, missing="root for DID"))[1] == "Could not find root for DID: did:x:y"


def test_there_was_one_name_for_what_is_too_large() -> None:
    """Today's has another one for JSON."""
    assert type(explain(JsonTooLarge())) is PayloadTooLarge


def test_a_bad_token_of_any_kind_is_no_token() -> None:
    """Missing, malformed, expired, revoked, or of nobody: one answer."""
    for error in (
        errors.AuthMissing("x"),
        errors.InvalidToken("x"),
        errors.ExpiredToken("x"),
        errors.AccountNotFound("x"),
        errors.AccountTakedown("x"),
    ):
        assert said(explain_bearer(error)) == ("Unauthenticated", "Authentication Required")
    assert said(explain_bearer(errors.RecordNotFound("x"))) == ("InvalidRequest", "x")


def test_an_administrator_who_is_none_is_forbidden() -> None:
    """Wrong credentials were another thing than none."""
    assert said(explain_admin(errors.AuthMissing("x"))) == ("Unauthenticated", "Authentication Required")
    assert said(explain_admin(errors.Unauthenticated("x"))) == ("Forbidden", "Forbidden")
    assert said(explain_admin(errors.RecordNotFound("x"))) == ("InvalidRequest", "x")


def test_a_fault_of_ours_is_not_explained() -> None:
    """It is answered as one, whichever generation asked."""
    fault = RuntimeError("the disk is gone")

    for each in (explain, explain_bearer, explain_admin):
        assert each(fault) is fault
