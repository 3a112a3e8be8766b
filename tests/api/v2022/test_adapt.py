"""How a method of 2022 is made."""

import asyncio
from inspect import signature

import msgspec
import pytest

from roost.api.method import WRITE_BODY, Auth, Body, Method, Procedure, Query
from roost.api.v2022 import errors
from roost.api.v2022.adapt import adapt
from roost.services.caller import Caller, Scope
from roost.syntax import Did, Handle

ALICE = Caller(1, Did.parse("did:web:alice.test"), Handle.parse("alice.test"), Scope.ACCESS, None)


class Log(list[str]):
    """A service."""


class NewInput(msgspec.Struct):
    """What today's method takes."""

    text: str


class NewOutput(msgspec.Struct):
    """What today's method answers."""

    text: str
    more: int = 7


class OldParams(msgspec.Struct):
    """What stood in the query."""

    prefix: str


class OldInput(msgspec.Struct):
    """What stood in the body."""

    word: str


class OldOutput(msgspec.Struct):
    """What was answered."""

    word: str


async def today(log: Log, caller: Caller, input: NewInput) -> NewOutput:
    """Do today's work."""
    log.append(f"{caller.handle} said {input.text}")
    return NewOutput(input.text.upper())


async def ask(log: Log) -> NewOutput:
    """Do today's work for nobody in particular."""
    log.append("asked")
    return NewOutput("yes")


def to_current(params: OldParams, input: OldInput) -> NewInput:
    """Put both parts of the old wire together."""
    return NewInput(params.prefix + input.word)


def from_current(output: NewOutput) -> OldOutput:
    """Keep what was told."""
    return OldOutput(output.text)


def unasked() -> None:
    """Ask for nothing."""


CURRENT = Procedure("com.example.today", today, auth=Auth.ACCESS, body_limit=WRITE_BODY)


def test_todays_method_does_the_work() -> None:
    """The old wire becomes today's input, and today's output the old answer; services go through."""
    old, log = adapt("com.example.old", CURRENT, to_current, from_current), Log()

    answer = asyncio.run(_run(old, log=log, caller=ALICE, params=OldParams("a"), input=OldInput("b")))

    assert answer == OldOutput("AB")
    assert log == ["alice.test said ab"]


async def _run(method: Method, **given: object) -> object:
    return await method.run(**given)


def test_it_asks_for_what_the_old_wire_carries_and_todays_services() -> None:
    """That is what the registry reads to bind it."""
    old = adapt("com.example.old", CURRENT, to_current, from_current)

    assert {name: each.annotation for name, each in signature(old.run).parameters.items()} == {
        "log": Log,
        "caller": Caller,
        "params": OldParams,
        "input": OldInput,
    }


def test_rights_and_limits_are_todays() -> None:
    """A right cannot be had by asking in old words."""
    old = adapt("com.example.old", CURRENT, to_current, from_current, body=Body.EMPTY_OBJECT)

    assert isinstance(old, Procedure)
    assert (old.nsid, old.auth, old.scopes) == ("com.example.old", Auth.ACCESS_2022, CURRENT.scopes)
    assert (old.body_limit, old.body) == (WRITE_BODY, Body.EMPTY_OBJECT)


def test_a_query_stays_one_and_need_not_ask_for_anything() -> None:
    """Where neither generation takes anything, nothing is passed on."""
    old, log = adapt("com.example.old", Query("com.example.ask", ask), unasked, from_current), Log()

    assert isinstance(old, Query)
    assert asyncio.run(_run(old, log=log)) == OldOutput("yes")


@pytest.mark.parametrize(
    ("auth", "explain"),
    [(Auth.NONE, errors.explain), (Auth.ACCESS, errors.explain_bearer), (Auth.ADMIN, errors.explain_admin)],
)
def test_errors_are_explained_by_who_may_call(auth: Auth, explain: object) -> None:
    """Each kind of credentials had its own words, unless a method has others."""
    current = Query("com.example.ask", ask, auth=auth)

    assert adapt("com.example.old", current, unasked, from_current).explain is explain
    assert adapt("com.example.old", current, unasked, from_current, explain=_mine).explain is _mine


def _mine(error: Exception) -> Exception:
    return error
