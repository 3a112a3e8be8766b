"""The words of the errors that a request meets before its method."""

from roost.api.errors import BodyRefused, BodyRequired, InvalidBody, InvalidParams, MethodError, WrongEncoding
from roost.services.errors import InvalidRequest


def test_the_words_are_the_reference_servers() -> None:
    """Clients and tests out there compare these texts."""
    assert InvalidParams("a.b.c", "x").message == "Invalid a.b.c params: x"
    assert InvalidBody("a.b.c", "x").message == "Invalid a.b.c input: x"
    assert BodyRequired().message == "A request body is expected but none was provided"
    assert BodyRefused().message == "A request body was provided when none was expected"
    assert WrongEncoding("text/plain").message == "Wrong request encoding (Content-Type): text/plain"
    assert WrongEncoding("").message == "Request encoding (Content-Type) required but not provided"


def test_they_are_the_clients_mistakes() -> None:
    """All but a method's own error are answered with 400."""
    assert issubclass(WrongEncoding, InvalidRequest)
    assert not issubclass(MethodError, InvalidRequest)
