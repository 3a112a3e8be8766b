"""What tests of the administrator's methods do: call them, hold answers against the lexicon, and read the audit log."""

from collections.abc import Sequence

import httpx

from roost.services.audit import Audit, Entry
from support.calls import inside, refusal
from support.server import Person, Roost

MISSING = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"
"""A DID that no account has."""

REFUSED = (401, "AuthenticationRequired", "Authentication Required")


def order(roost: Roost, name: str, **body: object) -> httpx.Response:
    """Call a procedure as the administrator."""
    answer = roost.post(f"com.atproto.admin.{name}", json=body, auth=roost.admin)
    check(roost, name, answer)
    return answer


def ask(roost: Roost, name: str, **params: object) -> httpx.Response:
    """Call a query as the administrator."""
    url = f"/xrpc/com.atproto.admin.{name}"
    answer = roost.client.get(url, params=params, auth=roost.admin)  # type: ignore[arg-type]  # passed on
    check(roost, name, answer)
    return answer


def check(roost: Roost, name: str, answer: httpx.Response) -> None:
    """Hold an answer against the method's lexicon document."""
    if answer.status_code != 200:
        return
    server = roost.app.server
    assert server is not None
    method = server.catalog.method(f"com.atproto.admin.{name}")
    assert method is not None
    if method.output is None:
        assert answer.content == b""
    else:
        assert method.output.check is not None
        method.output.check(answer.json())


def noted(roost: Roost, did: str, limit: int = 100) -> Sequence[Entry]:
    """Return what the audit log says of an account, the latest first."""
    server = roost.app.server
    assert server is not None
    found = inside(roost, server.get(Audit).page(limit=1000))
    return [entry for entry in found if entry.did == did][:limit]


def check_rights(roost: Roost, verb: str, name: str, person: Person, **sent: object) -> None:
    """Nobody but the administrator may call a method, and a refused call is not in the log: nobody's name is known."""
    before = len(noted(roost, person.did))

    def call(**more: object) -> httpx.Response:
        url = f"/xrpc/com.atproto.admin.{name}"
        what = {"params": sent} if verb == "GET" else {"json": sent}
        return roost.client.request(verb, url, **what, **more)  # type: ignore[arg-type]  # passed on

    assert refusal(call()) == (401, "AuthMissing", "Authentication Required")
    # A moderator's method takes a token of the moderation service, which a user's is not.
    status, error, _ = refusal(call(headers=person.auth))
    assert (status, error) in ((401, "AuthenticationRequired"), (401, "BadJwtType")), error
    # Wrong passwords from one address would end in its being turned away.
    elsewhere = {"x-forwarded-for": f"203.0.113.{sum(name.encode()) % 256}"}
    assert refusal(call(auth=("admin", "wrong"), headers=elsewhere)) == REFUSED
    assert len(noted(roost, person.did)) == before
