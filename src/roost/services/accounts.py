"""Accounts that stand: looking them up, forgetting them, and giving a forgotten password back."""

import re
from collections import deque
from collections.abc import Sequence
from hashlib import sha256
from secrets import choice
from typing import Final

import structlog

from roost.net.errors import NetError
from roost.net.mail import Mail, Mailer, token_link
from roost.services import events
from roost.services.audit import Action
from roost.services.background import Background
from roost.services.clock import Minter
from roost.services.errors import AccountNotFound, ExpiredToken, InvalidToken, Unauthenticated
from roost.services.passwords import Passwords
from roost.services.policy import Policy
from roost.services.removals import Removals
from roost.services.repos import Repos
from roost.storage import accounts, mail_tokens, sessions
from roost.storage.accounts import Account
from roost.storage.db import Database, Tx

__all__ = ["Account", "Accounts", "reset_mail"]

log = structlog.get_logger(__name__)

TOKEN_MINUTES: Final = 15
"""How long a mailed token may be used: the reference server's time."""

RESET: Final = "reset_password"
MAILS_AN_HOUR: Final = 5
"""Reset mails that one account is sent in an hour: whoever asks for more is not its owner waiting for one."""

MAILED_KEPT: Final = 10_000
"""Accounts whose last mails are remembered before those that are over an hour old are forgotten."""

_BASE32: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_TOKEN: Final = re.compile(r"[A-Z2-7]{5}-[A-Z2-7]{5}")


class Accounts:
    """What happens to an account after it was made."""

    def __init__(
        self,
        db: Database,
        policy: Policy,
        passwords: Passwords,
        repos: Repos,
        removals: Removals,
        mailer: Mailer,
        background: Background,
        minter: Minter,
    ) -> None:
        self._db = db
        self._policy = policy
        self._passwords = passwords
        self._repos = repos
        self._removals = removals
        self._mailer = mailer
        self._background = background
        self._minter = minter
        self._mailed: dict[int, deque[int]] = {}

    async def get(self, account: int) -> Account:
        """Return the account. Raises AccountNotFound."""
        found = await self._db.read(lambda tx: accounts.by_id(tx, account))
        if found is None:
            raise AccountNotFound("Account not found")
        return found

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
            now = self._minter.milliseconds()
            sessions.revoke_all(tx, account)
            mail_tokens.delete_of(tx, account)
            self._repos.forget(tx, account, gone.did)
            accounts.delete(tx, account)
            accounts.drop_held_handles(tx, now)
            accounts.hold_handle(tx, gone.handle, until=now + self._policy.hold_handle_days * 86_400_000)
            # Earlier events hold the deleted records; that the account is gone is what remains to be told.
            told = events.append_account(tx, account, gone.did, "deleted", now=now)
            self._removals.begin(tx, account, events_below=told)
            if action is not None:
                action.note(tx, handle=gone.handle)

        await self._db.write(delete)

    def request_reset(self, email: str) -> None:
        """Mail a token to the account with that address, if there is one; the answer must not tell, nor its time."""
        self._background.start("password reset mail", self._mail_reset(email.strip().lower()))

    async def _mail_reset(self, email: str) -> None:
        account = await self._db.read(lambda tx: accounts.by_email(tx, email))
        if account is None or not self._may_mail(account.id):
            return
        token = f"{_five()}-{_five()}"
        now = self._minter.milliseconds()
        await self._db.write(
            lambda tx: mail_tokens.put(tx, account=account.id, purpose=RESET, digest=_digest(token), now=now)
        )
        try:
            await self._mailer.send(reset_mail(email, account.handle, token, token_link(self._policy.reset_url, token)))
        except NetError as error:
            log.warning("a reset mail was not sent", did=account.did, error=str(error))

    def _may_mail(self, account: int) -> bool:
        now = self._minter.milliseconds()
        if len(self._mailed) > MAILED_KEPT:
            self._mailed = {each: sent for each, sent in self._mailed.items() if sent[-1] > now - 3_600_000}
        sent = self._mailed.setdefault(account, deque())
        while sent and sent[0] <= now - 3_600_000:
            sent.popleft()
        if len(sent) >= MAILS_AN_HOUR:
            return False
        sent.append(now)
        return True

    async def reset_password(self, token: str, password: str) -> None:
        """Give the account that the token was mailed to a new password, and end all its sessions.

        Raises InvalidToken, ExpiredToken, InvalidPassword, TooManyRequests.
        """
        token = token.strip().upper()
        if not _TOKEN.fullmatch(token):
            raise InvalidToken("Malformed token")
        digest = _digest(token)
        await self._db.read(lambda tx: self._account_of(tx, digest))
        hashed = await self._passwords.hash(password)

        def reset(tx: Tx) -> None:
            account = self._account_of(tx, digest)
            mail_tokens.use_up(tx, account, RESET)
            accounts.set_password(tx, account, hashed)
            sessions.revoke_all(tx, account)

        await self._db.write(reset)

    def _account_of(self, tx: Tx, digest: bytes) -> int:
        found = mail_tokens.find(tx, purpose=RESET, digest=digest)
        if found is None:
            raise InvalidToken("Token could not be verified")
        account, created_at = found
        if created_at < self._minter.milliseconds() - TOKEN_MINUTES * 60_000:
            raise ExpiredToken("The password reset token has expired")
        return account

    async def set_password(self, account: int, password: str, *, action: Action | None = None) -> None:
        """Give an account a new password on the operator's word, and end all its sessions. Raises InvalidPassword."""
        hashed = await self._passwords.hash(password)

        def change(tx: Tx) -> None:
            mail_tokens.use_up(tx, account, RESET)
            accounts.set_password(tx, account, hashed)
            sessions.revoke_all(tx, account)
            if action is not None:
                action.note(tx, replaced="password", ended="sessions")

        await self._db.write(change)


def reset_mail(to: str, handle: str, token: str, link: str) -> Mail:
    """Return the mail that carries a reset token, as a link and as a code to type."""
    text = (
        f"A new password was asked for the account {handle}.\n\n"
        f"To choose one, open {link}\nor enter this code: {token}\n\n"
        f"It can be used once, within {TOKEN_MINUTES} minutes. If you did not ask for it, do nothing.\n"
    )
    html = (
        "<h3>Reset your password</h3>"
        f"<p>A new password was asked for the account <b>{handle}</b>.</p>"
        f'<p><a href="{link}">Choose a new password</a>, or enter this code: <code>{token}</code></p>'
        f"<p>It can be used once, within {TOKEN_MINUTES} minutes. If you did not ask for it, do nothing.</p>"
    )
    return Mail(to, "Password Reset Requested", text, html)


def _five() -> str:
    return "".join(choice(_BASE32) for _ in range(5))


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()
