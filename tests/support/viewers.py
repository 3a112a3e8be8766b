"""Accounts in every state, and everybody who may ask something about one (reference section 1.10).

A subject is made active, with a record, a blob and sessions of several kinds, and then put into its state. It is kept
until something that was asked has changed it.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

import httpx

from support.blobs import uploaded
from support.calls import Session, bearer, create, head, refusal, sign_in
from support.server import Person, Roost
from support.standing import deactivate, program, signed_in, take_down

STATES: Final = ("active", "deactivated", "takendown", "unknown")

VIEWERS: Final = ("nobody", "other", "program", "let in", "administrator", "owner")
"""Who asks. A program has an app password; whoever is let in has signed in after a takedown, with `allowTakendown`."""

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Subject:
    """An account in a state, with tokens from when it was active; `let_in` is None where nobody has to be."""

    person: Person
    session: Session
    program: Person
    let_in: Person | None
    blob: dict[str, Any]
    head: str

    @property
    def did(self) -> str:
        """Its DID."""
        return self.person.did


@dataclass(frozen=True, slots=True)
class Sent:
    """A request: its verb, and what httpx is told to send.

    With `refresh`, the owner shows the refresh token. With `keeps`, an account is as before when it has succeeded.
    """

    verb: str = "GET"
    what: dict[str, Any] = field(default_factory=dict)
    refresh: bool = False
    keeps: bool = False


def get(**params: object) -> Sent:
    """Ask a query."""
    return Sent("GET", {"params": params}, keeps=True)


def post(**body: object) -> Sent:
    """Call a procedure with JSON."""
    return Sent("POST", {"json": body})


def keeping(**body: object) -> Sent:
    """Call a procedure that leaves accounts as they are."""
    return Sent("POST", {"json": body}, keeps=True)


def raw(content: bytes, content_type: str) -> Sent:
    """Call a procedure with bytes, which leaves accounts as they are."""
    return Sent("POST", {"content": content, "headers": {"content-type": content_type}}, keeps=True)


def bare(*, refresh: bool = False) -> Sent:
    """Call a procedure that takes nothing."""
    return Sent("POST", refresh=refresh)


class Cast:
    """A server's subjects, one of each state, and somebody else."""

    def __init__(self, roost: Roost) -> None:
        self.roost = roost
        self.other = roost.person("other")
        self._subjects: dict[str, Subject] = {}

    def subject(self, state: str) -> Subject:
        """Return an account in that state that nothing has been done to."""
        if state not in self._subjects:
            self._subjects[state] = _made(self.roost, state)
        return self._subjects[state]

    def ask(self, nsid: str, ask: Callable[[Subject], Sent], viewer: str, state: str) -> str:
        """Ask something of the account in that state as somebody, and return what came of it."""
        subject = self.subject(state)
        sent = ask(subject)
        headers = self._headers(viewer, subject, sent)
        if headers is None:
            return "-"
        auth = self.roost.admin if viewer == "administrator" else httpx.USE_CLIENT_DEFAULT
        what = sent.what | {"headers": headers | sent.what.get("headers", {})}
        answer = self.roost.client.request(sent.verb, f"/xrpc/{nsid}", auth=auth, **what)
        if answer.status_code == 200 and not sent.keeps:
            del self._subjects[state]
        return outcome(answer)

    def _headers(self, viewer: str, subject: Subject, sent: Sent) -> dict[str, str] | None:
        """Return what a viewer shows; None where there is no such viewer of the subject."""
        match viewer:
            case "other":
                return self.other.auth
            case "program":
                return subject.program.auth
            case "let in":
                return None if subject.let_in is None else subject.let_in.auth
            case "owner":
                return bearer(subject.session.refresh) if sent.refresh else subject.person.auth
        return {}


def _made(roost: Roost, state: str) -> Subject:
    number = next(_numbers)
    person = roost.person("subject")
    session = sign_in(roost, person)
    person = replace(person, jwt=session.access)
    blob = uploaded(person, f"\x89PNG {number}".encode("latin-1"))
    answer = create(person, {"picture": blob}, rkey="a")
    assert answer.status_code == 200, answer.text
    subject = Subject(person, session, program(roost, person), None, blob, head(person)[0])
    if state == "deactivated":
        deactivate(roost, person)
    elif state == "takendown":
        take_down(roost, person)
        subject = replace(subject, let_in=signed_in(roost, person, allowTakendown=True))
    elif state == "unknown":
        roost.post("com.atproto.admin.deleteAccount", json={"did": person.did}, auth=roost.admin).raise_for_status()
    return subject


def outcome(answer: httpx.Response) -> str:
    """Return what came of a request: a status, and the error's name.

    Two kinds of InvalidToken are told apart: a session's that is not for this (`scope`), and a mailed one's (`mailed`).
    """
    if answer.status_code == 200:
        return "200"
    status, name, message = refusal(answer)
    if name == "InvalidToken":
        name = {"Bad token scope": "scope", "Token is invalid": "mailed"}.get(message, name)
    return f"{status} {name}"
