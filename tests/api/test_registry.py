"""Methods bound to their services at start-up."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from roost.api.errors import MethodError
from roost.api.method import Auth, Body, Method, Procedure, Query, Run
from roost.api.registry import Bound, Intake, build
from roost.services.caller import Caller, Viewer
from support.edge import CREATE_INPUT, LIST_PARAMS, CreateInput, ListParams, Seen, Told, catalog_of, nothing


def bound(method: Method, parts: dict[str, object] | None = None, services: dict[type, object] | None = None) -> Bound:
    """Bind one method to a lexicon document with these parts."""
    catalog = catalog_of([method], {method.nsid: parts or {}})
    return build([method], services=services or {}, catalog=catalog)[method.nsid]


def test_a_service_is_found_by_its_class() -> None:
    """A handler names what it needs; nobody passes a bag of everything around."""
    seen = Seen()

    async def run(seen: Seen) -> Told:
        return Told(seen.events[0])

    method = bound(Query("a.b.c", run), services={Seen: seen, str: "another"})
    seen.events.append("found")

    assert asyncio.run(_call(method)) == Told("found")


async def _call(method: Bound) -> object:
    return await method.run()


async def needs_service(seen: Seen) -> None:
    """Need a service."""


async def untyped(seen) -> None:  # type: ignore[no-untyped-def]  # the mistake that is looked for
    """Forget a type."""


async def takes_params(params: ListParams) -> None:
    """Take parameters."""


async def takes_dict(params: dict[str, str]) -> None:
    """Take parameters in a dict."""


async def takes_input(input: CreateInput) -> None:
    """Take a Struct."""


async def takes_bytes(input: bytes) -> None:
    """Take bytes."""


async def takes_stream(input: AsyncIterator[bytes]) -> None:
    """Take a stream."""


async def takes_text(input: str) -> None:
    """Take something else."""


async def takes_caller(caller: Caller) -> None:
    """Take a caller."""


async def takes_some_caller(caller: Viewer) -> None:
    """Take a caller, or nobody."""


@pytest.mark.parametrize(
    ("method", "parts", "problem"),
    [
        (Query("a.b.c", needs_service), {}, "a service that there is not: seen"),
        (Query("a.b.c", untyped), {}, "a parameter without a type: seen"),
        (Query("a.b.c", takes_params), {}, "params that its lexicon does not: cursor, limit, repo, reverse, tags"),
        (Query("a.b.c", takes_dict), {"parameters": LIST_PARAMS}, "not a msgspec.Struct"),
        (Procedure("a.b.c", takes_input), {}, "an input that its lexicon does not declare"),
        (Query("a.b.c", takes_bytes), {}, "an input that its lexicon does not declare"),
        (Procedure("a.b.c", takes_input), {"input": {"encoding": "*/*"}}, "its lexicon declares */*"),
        (Procedure("a.b.c", takes_text), {"input": CREATE_INPUT}, "not a msgspec.Struct"),
        (Query("a.b.c", takes_caller), {}, "cannot be told the caller"),
        (Query("a.b.c", takes_caller, auth=Auth.ADMIN), {}, "cannot be told the caller"),
        (Query("a.b.c", takes_caller, auth=Auth.OPTIONAL), {}, "cannot be told the caller"),
        (Query("a.b.c", takes_some_caller, auth=Auth.ACCESS), {}, "cannot be told the caller"),
    ],
)
def test_what_does_not_fit_stops_the_start(method: Method, parts: dict[str, object], problem: str) -> None:
    """A mistake in a method is found before the first request, with the method's name."""
    with pytest.raises(MethodError) as error:
        bound(method, parts)

    assert problem in str(error.value)
    assert error.value.nsid == "a.b.c"


def test_two_methods_of_one_name() -> None:
    """A method cannot be served twice."""
    method = Query("a.b.c", nothing)

    with pytest.raises(MethodError, match="twice"):
        build([method, method], services={}, catalog=catalog_of([method], {}))


def test_a_method_without_a_document() -> None:
    """Every method has a lexicon, of its own kind."""
    catalog = catalog_of([Query("a.b.c", nothing)], {})

    with pytest.raises(MethodError, match=r"a\.b\.d is not a query of the lexicon"):
        build([Query("a.b.d", nothing)], services={}, catalog=catalog)
    with pytest.raises(MethodError, match=r"a\.b\.c is not a procedure of the lexicon"):
        build([Procedure("a.b.c", nothing)], services={}, catalog=catalog)


@pytest.mark.parametrize(
    ("run", "parts", "body", "intake"),
    [
        (nothing, {}, Body.AS_DECLARED, Intake.NONE),
        (nothing, {}, Body.FREE, Intake.IGNORED),
        (nothing, {"input": CREATE_INPUT}, Body.AS_DECLARED, Intake.IGNORED),
        (takes_input, {"input": CREATE_INPUT}, Body.AS_DECLARED, Intake.JSON),
        (takes_bytes, {"input": {"encoding": "*/*"}}, Body.AS_DECLARED, Intake.BYTES),
        (takes_stream, {"input": {"encoding": "*/*"}}, Body.AS_DECLARED, Intake.STREAM),
    ],
)
def test_how_a_body_is_taken(run: Run, parts: dict[str, object], body: Body, intake: Intake) -> None:
    """The handler's annotation decides, within what the lexicon declares."""
    assert bound(Procedure("a.b.c", run, body=body), parts).intake is intake


def test_what_a_method_is_told() -> None:
    """What a handler does not name is not made."""
    method = bound(Query("a.b.c", takes_some_caller, auth=Auth.OPTIONAL))

    assert (method.verb, method.wants_caller, method.wants_content_type) == ("GET", True, False)
    assert (method.params, method.input) == (None, None)


def test_a_struct_of_params_may_have_fewer_fields() -> None:
    """A method may leave a parameter of its lexicon alone."""

    class Fewer(msgspec.Struct):
        limit: int = 50

    async def run(params: Fewer) -> None:
        """Take fewer parameters."""

    run.__annotations__["params"] = Fewer
    method = bound(Query("a.b.c", run), {"parameters": LIST_PARAMS})

    assert method.params is not None
    assert method.params(b"repo=did:web:a.test&limit=3") == Fewer(3)
