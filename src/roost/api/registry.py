"""Which methods the server has, each bound to what it needs: all about a method that can be known before a request.

`build` reads every handler's signature once, against the services there are and the method's lexicon document; what
does not fit together stops the start, loudly. It deliberately does not know what carries the requests.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from inspect import signature
from typing import Final, Literal, TypeAlias, get_args, get_origin, get_type_hints

import msgspec

from roost.api.decode import json_decoder, object_decoder, params_decoder
from roost.api.errors import MethodError
from roost.api.limits import Limits
from roost.api.method import ADMINISTRATIVE, Auth, Body, Explain, Method, Procedure, Query, Record, Run, Subscription
from roost.lexicon import BodyType, Catalog
from roost.lexicon import Method as Lexicon
from roost.lexicon import Procedure as ProcedureDef
from roost.lexicon import Query as QueryDef
from roost.lexicon import Subscription as SubscriptionDef
from roost.services.audit import Action
from roost.services.caller import Caller, Scope, Service, Viewer
from roost.services.errors import ServiceError
from roost.services.firehose import Sink

Services: TypeAlias = Mapping[type, object]

DYNAMIC: Final = frozenset({"params", "caller", "action", "input", "content_type", "host", "sink"})
"""The parameters that are filled in from the request; all others are services."""


class Intake(Enum):
    """How a method takes the body of a request."""

    NONE = auto()  # it has none
    IGNORED = auto()  # it may have one; nobody reads it
    JSON = auto()  # one Struct
    BYTES = auto()  # all of it
    STREAM = auto()  # as it arrives


@dataclass(frozen=True, slots=True)
class Bound:
    """A method that is ready to be called: `run(**dynamic)`, with those of the dynamic parameters that it names."""

    nsid: str
    verb: Literal["GET", "POST"]
    run: Run
    auth: Auth
    scopes: frozenset[Scope]
    explain: Explain
    body: Body
    body_limit: int
    encoding: str  # the media type that the lexicon names for the body, possibly a pattern; empty without an input
    intake: Intake
    params: Callable[[bytes], object] | None
    input: Callable[[bytes], object] | None  # for Intake.JSON
    relayed: bool
    elsewhere: tuple[type[ServiceError], ...]
    wants_caller: bool
    wants_content_type: bool
    wants_host: bool
    wants_action: bool
    limits: Limits


Registry: TypeAlias = Mapping[str, Bound]


@dataclass(frozen=True, slots=True)
class BoundSubscription:
    """A subscription that is ready to be called: `run(params=…, sink=…)`, with those of the two that it names."""

    nsid: str
    run: Run
    params: Callable[[bytes], object] | None


def build(methods: Iterable[Method], *, services: Services, catalog: Catalog) -> dict[str, Bound]:
    """Bind all methods, by NSID. Raises MethodError for one that cannot be, and for two with one NSID."""
    registry: dict[str, Bound] = {}
    for method in methods:
        if method.nsid in registry:
            raise MethodError(method.nsid, "is in the list of methods twice")
        registry[method.nsid] = bind(method, services=services, catalog=catalog)
    return registry


def bind(method: Method, *, services: Services, catalog: Catalog) -> Bound:
    """Give a method its services and the decoders that its lexicon document and its annotations call for.

    Raises MethodError.
    """
    nsid = method.nsid
    hints = _annotations(method)
    lexicon = _lexicon(method, catalog)
    _check_caller(method, hints.get("caller"))
    _check_action(method, hints.get("action"))
    intake = _intake(method, hints.get("input"), lexicon.input)
    return Bound(
        nsid=nsid,
        verb="GET" if isinstance(method, Query) else "POST",
        run=partial(method.run, **_services(nsid, hints, services)),
        auth=method.auth,
        scopes=method.scopes,
        explain=method.explain,
        body=method.body,
        body_limit=method.body_limit if isinstance(method, Procedure) else 0,
        encoding=lexicon.input.encoding if lexicon.input else "",
        intake=intake,
        params=_params(lexicon, hints["params"], _undeclared(method)) if "params" in hints else None,
        input=_input(lexicon, hints["input"]) if intake is Intake.JSON else None,
        relayed=method.relayed,
        elsewhere=method.elsewhere if isinstance(method, Query) else (),
        wants_caller="caller" in hints,
        wants_content_type="content_type" in hints,
        wants_host="host" in hints,
        wants_action="action" in hints,
        limits=method.limits,
    )


def subscriptions(
    methods: Iterable[Subscription], *, services: Services, catalog: Catalog
) -> dict[str, BoundSubscription]:
    """Bind subscriptions, by NSID. Raises MethodError as `build` does."""
    registry: dict[str, BoundSubscription] = {}
    for method in methods:
        hints = _annotations(method)
        lexicon = _lexicon(method, catalog)
        strange = hints.keys() & (DYNAMIC - {"params", "sink"})
        if strange or hints.get("sink") is not Sink:
            raise MethodError(method.nsid, "is a subscription: it takes a sink, and of a request only its params")
        params = _params(lexicon, hints["params"]) if "params" in hints else None
        run = partial(method.run, **_services(method.nsid, hints, services))
        registry[method.nsid] = BoundSubscription(method.nsid, run, params)
    return registry


def _annotations(method: Method | Subscription) -> dict[str, object]:
    """The handler's parameters and their types."""
    hints = get_type_hints(method.run)
    names = list(signature(method.run).parameters)
    for name in names:
        if name not in hints:
            raise MethodError(method.nsid, f"has a parameter without a type: {name}")
    return {name: hints[name] for name in names}


def _lexicon(method: Method | Subscription, catalog: Catalog) -> Lexicon:
    lexicon = catalog.method(method.nsid)
    expected: type[QueryDef | ProcedureDef | SubscriptionDef] = {
        Query: QueryDef,
        Procedure: ProcedureDef,
        Subscription: SubscriptionDef,
    }[type(method)]
    if lexicon is None or not isinstance(lexicon.definition, expected):
        raise MethodError(method.nsid, f"is not a {expected.__name__.lower()} of the lexicon")
    return lexicon


def _services(nsid: str, hints: Mapping[str, object], services: Services) -> dict[str, object]:
    found = {}
    for name, hint in hints.items():
        if name in DYNAMIC:
            continue
        if not isinstance(hint, type) or hint not in services:
            raise MethodError(nsid, f"asks for a service that there is not: {name}: {hint}")
        found[name] = services[hint]
    return found


def _check_caller(method: Method, hint: object) -> None:
    """A method must not ask who is calling when nothing proves it, nor take for granted who may be nobody."""
    if hint is None:
        return
    expected: dict[Auth, object] = {
        Auth.NONE: None,
        Auth.ADMIN: None,
        Auth.MODERATOR: None,
        Auth.OPTIONAL: Viewer,
        Auth.SERVICE: Service,
        Auth.OPTIONAL_SERVICE: Service | None,
        Auth.ACCESS_OR_MODERATOR: Caller | Service,
    }
    if hint != expected.get(method.auth, Caller):
        raise MethodError(method.nsid, f"cannot be told the caller as {hint} with {method.auth}")


def _check_action(method: Method, hint: object) -> None:
    """What the administrator changes goes into the audit log, and nothing else does."""
    noted = method.auth in ADMINISTRATIVE and isinstance(method, Procedure)
    if hint != (Action if noted else None):
        problem = "must take `action: Action` and note what it changes" if noted else "has no action to note"
        raise MethodError(method.nsid, problem)


def _undeclared(method: Method) -> frozenset[str]:
    return method.undeclared if isinstance(method, Query) else frozenset()


def _params(lexicon: Lexicon, hint: object, undeclared: frozenset[str] = frozenset()) -> Callable[[bytes], object]:
    struct = _struct(lexicon.nsid, "params", hint)
    # A parameter that the lexicon does not declare would never be filled in.
    strange = {
        field.encode_name for field in msgspec.structs.fields(struct)
    } - lexicon.definition.parameters.properties.keys()
    strange -= undeclared
    if strange:
        raise MethodError(lexicon.nsid, f"has params that its lexicon does not: {', '.join(sorted(strange))}")
    return params_decoder(lexicon.nsid, lexicon.params, struct, undeclared=undeclared)


def _input(lexicon: Lexicon, hint: object) -> Callable[[bytes], object]:
    assert lexicon.input is not None, "_intake gave JSON, so there is an input"
    assert lexicon.input.check is not None, "_intake gave JSON, so it has a schema"
    if hint == Record:
        return object_decoder(lexicon.nsid, lexicon.input.check)
    return json_decoder(lexicon.nsid, lexicon.input.check, _struct(lexicon.nsid, "input", hint))


def _struct(nsid: str, name: str, hint: object) -> type[msgspec.Struct]:
    if not (isinstance(hint, type) and issubclass(hint, msgspec.Struct)):
        raise MethodError(nsid, f"has {name} that are not a msgspec.Struct: {hint}")
    return hint


def _intake(method: Method, hint: object, declared: BodyType | None) -> Intake:
    if hint is None:
        return Intake.NONE if declared is None and method.body is not Body.FREE else Intake.IGNORED
    if declared is None:
        raise MethodError(method.nsid, "takes an input that its lexicon does not declare")
    if hint is bytes:
        return Intake.BYTES
    if get_origin(hint) is AsyncIterator and get_args(hint) == (bytes,):
        return Intake.STREAM
    if declared.encoding != "application/json" or declared.check is None:
        raise MethodError(method.nsid, f"takes a Struct where its lexicon declares {declared.encoding}")
    return Intake.JSON
