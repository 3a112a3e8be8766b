"""Who is calling, as proved by a token.

The one thing the edges and the services both say about a request's author. It deliberately does not know how the proof
was made: which token, which header, which signature.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from roost.syntax import Did, Handle


class Scope(StrEnum):
    """What a token was issued for, in the words that stand inside the token."""

    ACCESS = "com.atproto.access"
    APP_PASS = "com.atproto.appPass"  # noqa: S105 — a scope's name, not a password
    APP_PASS_PRIVILEGED = "com.atproto.appPassPrivileged"  # noqa: S105 — as above
    TAKENDOWN = "com.atproto.takendown"
    REFRESH = "com.atproto.refresh"
    SERVICE = "service"  # a service token's, good for the one method that it names; no token of ours says this


@dataclass(frozen=True, slots=True)
class Caller:
    """A proven account: `account` is its number here, `session` the row behind the token, if there is one."""

    account: int
    did: Did
    handle: Handle
    scope: Scope
    session: str | None


@dataclass(frozen=True, slots=True)
class Service:
    """Whoever holds the signing key of a DID, here or elsewhere, as a token made for this one call proves.

    `token` is the digest by which the token is known as used.
    """

    iss: Did
    token: bytes


@dataclass(frozen=True, slots=True)
class Administrator:
    """Whoever has the administrator's password."""


Viewer: TypeAlias = Caller | Administrator | None
"""Who wants to see something that anybody may see of an active account; None is nobody in particular."""
