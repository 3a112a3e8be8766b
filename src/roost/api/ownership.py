"""Whose repository a request means: the one question that every write asks before it does anything."""

from roost.services.accounts import Accounts
from roost.services.caller import Caller
from roost.services.errors import AccountNotFound, Unauthenticated
from roost.syntax import AtIdentifier


async def check_own(accounts: Accounts, caller: Caller, repo: AtIdentifier) -> None:
    """Raise Unauthenticated unless `repo` is the caller's DID or handle; AccountNotFound if it is nobody's here."""
    if repo in (caller.did, caller.handle):
        return
    if not await accounts.known(repo):
        raise AccountNotFound(f"Could not find repo: {repo}")
    raise Unauthenticated(f"The token is not one of {repo}")
