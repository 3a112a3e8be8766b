"""Whose repository a request means: the one question that every write asks before it does anything."""

from roost.services.caller import Caller
from roost.services.errors import Unauthenticated
from roost.syntax import AtIdentifier


def check_own(caller: Caller, repo: AtIdentifier) -> None:
    """Raise Unauthenticated unless `repo` is the caller's DID or handle."""
    if repo not in (caller.did, caller.handle):
        raise Unauthenticated(f"The token is not one of {repo}")
