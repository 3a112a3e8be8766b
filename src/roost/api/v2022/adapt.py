"""How a method of 2022 is made of one of today's: old wire in, today's Input; today's Output, old wire out.

Two pure functions say all that differs. `to_current` names by its annotated parameters what the old wire carries
(`params`, `input`, `caller`, as a method would); `from_current` takes today's Output. Everything else, services and
rights, is the current method's own.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from inspect import Parameter, Signature
from typing import Any, Final, get_type_hints

from roost.api.limits import Arguments, Limit
from roost.api.method import Auth, Body, Explain, Method, Procedure, Query, Run
from roost.api.v2022 import errors

_FROM_THE_WIRE = frozenset({"params", "input"})

EXPLAIN: Final[Mapping[Auth, Explain]] = {
    Auth.NONE: errors.explain,
    Auth.ACCESS_2022: errors.explain_bearer,
    Auth.ADMIN: errors.explain_admin,
}


def adapt(
    nsid: str,
    current: Method,
    to_current: Callable[..., object],
    from_current: Callable[..., object],
    *,
    body: Body = Body.AS_DECLARED,
    explain: Explain | None = None,
) -> Method:
    """Return the method of 2022 with that NSID, carried out by `current` with the same verb, rights and limits.

    `explain` is for a method that says some errors in words of its own.
    """
    wire = get_type_hints(to_current)
    wire.pop("return")
    hints = get_type_hints(current.run)
    target = "input" if "input" in hints else "params"
    asked = {name: hint for name, hint in hints.items() if name not in _FROM_THE_WIRE | {"return"}} | wire

    async def run(**given: Any) -> object:
        old = {name: given[name] for name in wire}
        for name in wire:
            if name not in hints or name in _FROM_THE_WIRE:
                del given[name]
        if target in hints:
            given[target] = to_current(**old)
        return from_current(await current.run(**given))

    def translated(limit: Limit) -> Limit:
        """Have what a request costs, and whose it is, told of today's input."""
        cost, detail = limit.cost, limit.detail

        def of_today(arguments: Arguments) -> Arguments:
            return {target: to_current(**{name: arguments[name] for name in wire})}

        return replace(
            limit,
            cost=cost if isinstance(cost, int) else lambda arguments: cost(of_today(arguments)),
            detail=None if detail is None else lambda arguments: detail(of_today(arguments)),
        )

    limits = tuple(translated(limit) for limit in current.limits)
    auth = Auth.ACCESS_2022 if current.auth is Auth.ACCESS else current.auth
    signed, say = _signed(run, nsid, asked), explain or EXPLAIN[auth]
    if isinstance(current, Query):
        return Query(nsid, signed, auth=auth, scopes=current.scopes, body=body, explain=say, limits=limits)
    return Procedure(
        nsid,
        signed,
        auth=auth,
        scopes=current.scopes,
        body=body,
        body_limit=current.body_limit,
        explain=say,
        limits=limits,
    )


def _signed(run: Run, name: str, parameters: dict[str, Any]) -> Run:
    """Give a function the signature that the registry reads."""
    run.__name__ = name
    run.__annotations__ = dict(parameters)
    signature = Signature(
        [Parameter(each, Parameter.KEYWORD_ONLY, annotation=hint) for each, hint in parameters.items()]
    )
    run.__signature__ = signature  # type: ignore[attr-defined]  # functions take it, typeshed does not know
    return run
