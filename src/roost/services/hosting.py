"""Which account a DID or handle means here, and whether its repository may be read."""

from roost.services.errors import RepoDeactivated, RepoNotFound, RepoTakendown
from roost.storage import accounts
from roost.storage.accounts import Account
from roost.storage.db import Tx
from roost.syntax import AtIdentifier, Did, Handle


def find(tx: Tx, repo: AtIdentifier) -> Account | None:
    """Return the account with that DID or handle, or None."""
    if isinstance(repo, Did):
        return accounts.by_did(tx, repo)
    assert isinstance(repo, Handle), "an identifier is a DID or a handle"
    return accounts.by_handle(tx, repo)


def readable(tx: Tx, repo: AtIdentifier) -> Account:
    """Return the account if anybody may read its repository. Raises RepoNotFound, RepoTakendown, RepoDeactivated."""
    account = find(tx, repo)
    if account is None:
        raise RepoNotFound(f"Could not find repo: {repo}")
    if account.status == "takendown":
        raise RepoTakendown(f"Repo has been takendown: {account.did}")
    if account.status is not None:
        raise RepoDeactivated(f"Repo has been deactivated: {account.did}")
    return account
