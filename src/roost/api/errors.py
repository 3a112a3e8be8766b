"""What can be wrong with a request before its method runs, and with a method before the server runs, by name.

    ServiceError
    ├── PayloadTooLarge            a body over its limit
    │   └── JsonTooLarge           the same of a JSON body
    └── InvalidRequest
        ├── InvalidParams          a query parameter breaks the lexicon; the cause is InvalidData
        ├── InvalidBody            the body is not JSON, or breaks the lexicon; the cause as above
        ├── BodyRequired           no body where the lexicon declares one
        ├── BodyRefused            a body where the lexicon declares none
        └── WrongEncoding          a body of no media type, or of another one than the lexicon names
    TypeError
    └── MethodError                a method cannot be served as it is written: a fault of ours, found at start-up

The texts are those of today's reference server. What they are made from stays reachable (`nsid`, `encoding`,
`__cause__`), so that another generation of the protocol can say the same in its own words.
"""

from roost.services.errors import InvalidRequest, ServiceError


class PayloadTooLarge(ServiceError):
    """A streamed or a raw body is over its limit."""

    def __init__(self) -> None:
        super().__init__("request entity too large")


class JsonTooLarge(PayloadTooLarge):
    """A JSON body is over its limit: the reference server's JSON parser has a name of its own for that."""


class InvalidParams(InvalidRequest):
    """The query string does not fit the method's parameters."""

    def __init__(self, nsid: str, problem: str) -> None:
        super().__init__(f"Invalid {nsid} params: {problem}")
        self.nsid = nsid


class InvalidBody(InvalidRequest):
    """The body does not fit the method's input."""

    def __init__(self, nsid: str, problem: str) -> None:
        super().__init__(f"Invalid {nsid} input: {problem}")
        self.nsid = nsid


class BodyRequired(InvalidRequest):
    """The method has an input, and the request carries nothing."""

    def __init__(self) -> None:
        super().__init__("A request body is expected but none was provided")


class BodyRefused(InvalidRequest):
    """The method has no input, and the request carries something."""

    def __init__(self) -> None:
        super().__init__("A request body was provided when none was expected")


class WrongEncoding(InvalidRequest):
    """The body is not of the media type that the method takes; `encoding` is empty when the request named none."""

    def __init__(self, encoding: str) -> None:
        problem = f"Wrong request encoding (Content-Type): {encoding}"
        super().__init__(problem if encoding else "Request encoding (Content-Type) required but not provided")
        self.encoding = encoding


class MethodError(TypeError):
    """The method asks for what does not exist, or disagrees with its lexicon document."""

    def __init__(self, nsid: str, problem: str) -> None:
        super().__init__(f"{nsid} {problem}")
        self.nsid = nsid
