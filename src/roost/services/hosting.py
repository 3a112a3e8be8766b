"""Which account a DID or handle means here, and whether its repository may be read."""

from roost.services.caller import Administrator, Caller, Scope, Viewer
from roost.services.errors import RepoDeactivated, RepoNotFound, RepoTakendown
from roost.storage import accounts, staging
from roost.storage.accounts import Account
from roost.storage.db import Tx
from roost.syntax import AtIdentifier, Did, Handle


def find(tx: Tx, repo: AtIdentifier) -> Account | None:
    """Return the account with that DID or handle, or None."""
    if isinstance(repo, Did):
        return accounts.by_did(tx, repo)
    assert isinstance(repo, Handle), "an identifier is a DID or a handle"
    return accounts.by_handle(tx, repo)


def readable(tx: Tx, repo: AtIdentifier, viewer: Viewer = None) -> Account:
    """Return the account if its repository may be read: by anybody while it is active, else by its owner and the
    administrator.

    The owner of an account that was taken down needs a token that was given out for that. Raises RepoNotFound,
    RepoTakendown, RepoDeactivated.
    """
    account = find(tx, repo)
    if account is None:
        raise RepoNotFound(f"Could not find repo: {repo}")
    if account.status is None:
        return account
    if isinstance(viewer, Administrator) or _is_owner(account, viewer):
        if staging.moving(tx, account.id):
            raise RepoDeactivated(f"Repo is being imported: {account.did}; try again in a moment")
        return account
    if account.status == "takendown":
        raise RepoTakendown(f"Repo has been takendown: {account.did}")
    raise RepoDeactivated(f"Repo has been deactivated: {account.did}")


def _is_owner(account: Account, viewer: Caller | None) -> bool:
    if viewer is None or viewer.account != account.id:
        return False
    return account.status != "takendown" or viewer.scope is Scope.TAKENDOWN
