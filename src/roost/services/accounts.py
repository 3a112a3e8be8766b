"""Accounts that stand: looking them up, forgetting them, and giving a forgotten password back."""

from collections.abc import Sequence
from contextlib import suppress

from roost.services import events, hosting
from roost.services.audit import Action
from roost.services.background import Background
from roost.services.clock import Minter
from roost.services.errors import AccountNotFound, ServiceError, Unauthenticated
from roost.services.mail_tokens import MailTokens, Purpose
from roost.services.passwords import Passwords
from roost.services.policy import Policy
from roost.services.removals import Removals
from roost.services.repos import Repos
from roost.storage import (
    accounts,
    app_passwords,
    identity_changes,
    invites,
    key_rotations,
    preferences,
    reserved_keys,
    sessions,
)
from roost.storage.accounts import Account
from roost.storage.db import Database, Tx
from roost.syntax import AtIdentifier

__all__ = ["Account", "Accounts"]


class Accounts:
    """What happens to an account after it was made."""

    def __init__(
        self,
        db: Database,
        policy: Policy,
        passwords: Passwords,
        repos: Repos,
        removals: Removals,
        mail_tokens: MailTokens,
        background: Background,
        minter: Minter,
    ) -> None:
        self._db = db
        self._policy = policy
        self._passwords = passwords
        self._repos = repos
        self._removals = removals
        self._mail_tokens = mail_tokens
        self._background = background
        self._minter = minter

    async def get(self, account: int) -> Account:
        """Return the account. Raises AccountNotFound."""
        found = await self._db.read(lambda tx: accounts.by_id(tx, account))
        if found is None:
            raise AccountNotFound("Account not found")
        return found

    async def known(self, name: AtIdentifier) -> bool:
        """Return whether an account here, in any state, has that DID or handle."""
        return await self._db.read(lambda tx: hosting.find(tx, name)) is not None

    async def count(self) -> int:
        """Return how many accounts are hosted here."""
        return await self._db.read(accounts.count)

    async def page(self, *, after: int = 0, limit: int = 100) -> Sequence[Account]:
        """Return the first `limit` accounts whose id is above `after`, oldest first."""
        return await self._db.read(lambda tx: accounts.page(tx, after, limit))

    async def check_password(self, account: Account, password: str) -> None:
        """Raise Unauthenticated unless `password` is the account's own."""
        if not await self._passwords.matches(password, account.password):
            raise Unauthenticated("Invalid identifier or password")

    async def delete(self, account: int, *, action: Action | None = None) -> None:
        """Remove the account with everything that is its own, and tell the network; its DID is left to its owner.

        Raises AccountNotFound.
        """

        def delete(tx: Tx) -> None:
            gone = accounts.by_id(tx, account)
            if gone is None:
                raise AccountNotFound("Account not found")
            self.remove(tx, gone)
            if action is not None:
                action.note(tx, handle=gone.handle)

        await self._db.write(delete)

    def remove(self, tx: Tx, gone: Account) -> None:
        """Do what `delete` does in the transaction of whoever has decided that; `gone` was read in it."""
        now = self._minter.milliseconds()
        sessions.revoke_all(tx, gone.id)
        app_passwords.delete_of(tx, gone.id)
        self._mail_tokens.drop(tx, gone.id)
        preferences.delete_of(tx, gone.id)
        # A code is as good as its account: one that was taken down must not get its codes back by going away.
        invites.disable_of(tx, gone.did)
        reserved_keys.delete_for(tx, gone.did)
        identity_changes.remove(tx, gone.id)
        key_rotations.done(tx, gone.id)
        self._repos.forget(tx, gone.id, gone.did)
        accounts.delete(tx, gone.id)
        accounts.drop_held_handles(tx, now)
        if self._policy.is_ours(gone.handle):
            until = now + self._policy.hold_handle_days * 86_400_000
            accounts.hold_handle(tx, gone.handle, until=until, did=gone.did)
        # Earlier events hold the deleted records; that the account is gone is what remains to be told.
        told = events.append_account(tx, gone.id, gone.did, "deleted", now=now)
        self._removals.begin(tx, gone.id, events_below=told)

    def request_reset(self, email: str) -> None:
        """Mail a token to the account with that address, if there is one; the answer must not tell, nor its time."""
        self._background.start("password reset mail", self._mail_reset(email.strip().lower()))

    async def _mail_reset(self, email: str) -> None:
        account = await self._db.read(lambda tx: accounts.by_email(tx, email))
        if account is None:
            return
        with suppress(ServiceError):  # whoever asked has been answered; a mail that was not sent is logged
            await self._mail_tokens.mail(account.id, Purpose.RESET_PASSWORD)

    async def reset_password(self, token: str, password: str) -> None:
        """Give the account that the token was mailed to a new password, and end all its sessions.

        Raises InvalidToken, ExpiredToken, InvalidPassword, TooManyRequests.
        """
        await self._db.read(lambda tx: self._mail_tokens.owner(tx, Purpose.RESET_PASSWORD, token))
        hashed = await self._passwords.hash(password)

        def reset(tx: Tx) -> None:
            account = self._mail_tokens.owner(tx, Purpose.RESET_PASSWORD, token)
            self._mail_tokens.use(tx, account, Purpose.RESET_PASSWORD, token)
            accounts.set_password(tx, account, hashed)
            sessions.revoke_all(tx, account)

        await self._db.write(reset)

    async def set_password(self, account: int, password: str, *, action: Action | None = None) -> None:
        """Give an account a new password on the operator's word, and end all its sessions. Raises InvalidPassword."""
        hashed = await self._passwords.hash(password)

        def change(tx: Tx) -> None:
            self._mail_tokens.drop(tx, account, Purpose.RESET_PASSWORD)
            accounts.set_password(tx, account, hashed)
            sessions.revoke_all(tx, account)
            if action is not None:
                action.note(tx, replaced="password", ended="sessions")

        await self._db.write(change)
