"""Errors into statuses and names."""

import inspect

import orjson
import pytest

from roost.api.errors import InvalidBody, InvalidParams
from roost.http.errors import TABLE, answer_of
from roost.services import errors as services
from roost.services.errors import InvalidRequest, InvalidSwap, ServiceError, UpstreamFailure


def test_every_error_of_the_services_has_a_line() -> None:
    """An error that is not in the table would get its parent's name without anybody having decided so."""
    named = {class_ for _, class_ in inspect.getmembers(services, inspect.isclass) if issubclass(class_, ServiceError)}

    assert named - TABLE.keys() == {ServiceError}


@pytest.mark.parametrize(
    ("error", "status", "name"),
    [
        (InvalidSwap("Commit was at x"), 400, "InvalidSwap"),
        (InvalidParams("a.b.c", "x"), 400, "InvalidRequest"),
        (InvalidBody("a.b.c", "x"), 400, "InvalidRequest"),
        (UpstreamFailure("directory"), 502, "UpstreamFailure"),
    ],
)
def test_a_named_error_says_its_message(error: ServiceError, status: int, name: str) -> None:
    """What was raised on purpose is told; a class that is not in the table counts as its parent."""
    assert answer_of(error)[0] == status
    assert orjson.loads(answer_of(error)[1]) == {"error": name, "message": error.message}


@pytest.mark.parametrize("error", [RuntimeError("hunter2"), ValueError("hunter2"), ServiceError("hunter2")])
def test_anything_else_is_a_fault_of_ours(error: Exception) -> None:
    """The text of what nobody foresaw stays here."""
    status, body = answer_of(error)

    assert status == 500
    assert orjson.loads(body) == {"error": "InternalServerError", "message": "Internal Server Error"}


def test_a_message_may_quote_anything() -> None:
    """A lone surrogate in a message must not make a 500 of a 400."""
    assert answer_of(InvalidRequest("\ud800 is not a handle")) == (
        400,
        b'{"error":"InvalidRequest","message":"? is not a handle"}',
    )
