"""Tokens that prove whose mailbox it is: made, mailed and used up, for every purpose in one place.

    await mail_tokens.mail(account, Purpose.DELETE_ACCOUNT)             # a request: `XXXXX-XXXXX` goes to the owner
    mail_tokens.use(tx, account, Purpose.DELETE_ACCOUNT, token)         # in the transaction of what it allows

A token is used up in the same transaction as the change it allows, so it works exactly once however many present it at
a moment, and a change that is refused does not cost the token. It has 50 random bits and lives for 15 minutes; wrong
ones are counted against it, and a few make it void, so that it cannot be guessed. Only its digest is kept.
"""

import re
from collections import deque
from hashlib import sha256
from math import ceil
from secrets import choice
from typing import Final

import structlog

from roost.net.errors import NetError
from roost.net.mail import Mailer, token_link
from roost.services.background import Background
from roost.services.clock import Minter
from roost.services.errors import (
    AccountNotFound,
    ExpiredToken,
    InvalidRequest,
    InvalidToken,
    TooManyRequests,
    UpstreamFailure,
)
from roost.services.mails import TOKEN_MINUTES, Purpose, token_mail
from roost.services.policy import Policy
from roost.storage import accounts
from roost.storage import mail_tokens as table
from roost.storage.accounts import Account
from roost.storage.db import Database, Tx

__all__ = ["MAILS_AN_HOUR", "TOKEN_MINUTES", "MailTokens", "Purpose"]

log = structlog.get_logger(__name__)

MAILS_AN_HOUR: Final = 5
"""Mails for one purpose that an account is sent in an hour, the reference server's limit: whoever asks for more is not
its owner waiting for one. By purpose, for anybody may ask for a reset, and that must not use up what the owner needs.
"""

MAILED_KEPT: Final = 10_000
"""Mailboxes whose last mails are remembered before those that are over an hour old are forgotten."""

MAX_TRIES: Final = 10
"""Wrong tokens until the right one is void: a person mistypes once or twice, and 10 of 2**50 guesses are none."""

_BASE32: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_TOKEN: Final = re.compile(r"[A-Z2-7]{5}-[A-Z2-7]{5}")

_HOUR: Final = 3_600_000
_LIFE: Final = TOKEN_MINUTES * 60_000


class MailTokens:
    """Mails tokens to accounts and takes them back."""

    def __init__(self, db: Database, policy: Policy, mailer: Mailer, background: Background, minter: Minter) -> None:
        self._db = db
        self._policy = policy
        self._mailer = mailer
        self._background = background
        self._minter = minter
        self._mailed: dict[tuple[int, Purpose], deque[int]] = {}

    async def mail(self, account: int, purpose: Purpose) -> None:
        """Mail the account a new token for that purpose, which replaces an earlier one.

        Raises AccountNotFound; InvalidRequest where the account has no address; TooManyRequests; UpstreamFailure if the
        mail could not be sent.
        """
        await self._db.read(lambda tx: _mailbox(tx, account))
        self._count_mail(account, purpose)
        token = f"{_five()}-{_five()}"
        digest, now = _digest(token), self._minter.milliseconds()

        def put(tx: Tx) -> tuple[Account, str]:
            # Read where the token is written: whatever gives the account another address voids all that went to this.
            table.put(tx, account=account, purpose=purpose, digest=digest, now=now)
            return _mailbox(tx, account)

        owner, email = await self._db.write(put)
        link = token_link(self._policy.reset_url, token) if purpose is Purpose.RESET_PASSWORD else None
        try:
            await self._mailer.send(token_mail(purpose, to=email, handle=owner.handle, token=token, link=link))
        except NetError as error:
            log.warning("a mail with a token was not sent", did=owner.did, purpose=purpose, error=str(error))
            raise UpstreamFailure("The mail could not be sent; try again later") from error

    def use(self, tx: Tx, account: int, purpose: Purpose, token: str) -> None:
        """Use up the account's token for that purpose, in the transaction of the change that it allows.

        A wrong token is counted as soon as this transaction is undone, which the error sees to. Raises InvalidToken,
        ExpiredToken.
        """
        digest = self._check(tx, account, purpose, token)
        # By its digest: the row that was checked is the row that goes.
        if not table.take(tx, account, purpose, digest):
            raise InvalidToken("Token is invalid")

    def check(self, tx: Tx, account: int, purpose: Purpose, token: str) -> None:
        """Raise what `use` would, and leave the token: for a look before costly work. Needs a transaction that writes,
        for a wrong token is counted.
        """
        self._check(tx, account, purpose, token)

    def _check(self, tx: Tx, account: int, purpose: Purpose, token: str) -> bytes:
        mailed, token = table.get(tx, account, purpose), normal(token)
        if mailed is None or not _TOKEN.fullmatch(token):
            raise InvalidToken("Token is invalid")
        digest = _digest(token)
        if mailed.digest != digest:
            self._count_wrong(tx, mailed, purpose)
            raise InvalidToken("Token is invalid")
        if mailed.created_at < self._minter.milliseconds() - _LIFE:
            raise ExpiredToken("Token is expired")
        return digest

    def owner(self, tx: Tx, purpose: Purpose, token: str) -> int:
        """Return the account that a token was mailed to, for a purpose whose request comes without one.

        Wrong tokens cannot be counted here: there is none that they were meant for. Raises InvalidToken, ExpiredToken.
        """
        token = normal(token)
        if not _TOKEN.fullmatch(token):
            raise InvalidToken("Malformed token")
        found = table.find(tx, purpose=purpose, digest=_digest(token))
        if found is None:
            raise InvalidToken("Token could not be verified")
        if found.created_at < self._minter.milliseconds() - _LIFE:
            raise ExpiredToken("The password reset token has expired")
        return found.account

    def drop(self, tx: Tx, account: int, *purposes: Purpose) -> None:
        """Void the account's tokens for those purposes, or for every purpose where none is named."""
        if not purposes:
            table.delete_of(tx, account)
        for purpose in purposes:
            table.use_up(tx, account, purpose)

    def _count_wrong(self, tx: Tx, mailed: table.MailToken, purpose: Purpose) -> None:
        """Have the try counted after this transaction: it is about to be undone, and the count with it."""

        def count(tx: Tx) -> None:
            table.count_wrong(tx, mailed.account, purpose, mailed.digest, most=MAX_TRIES)

        # Queued before whoever tried is answered, so their next try finds this one counted.
        tx.after(lambda _durable: self._background.start("count of a wrong token", self._db.write(count)))

    def _count_mail(self, account: int, purpose: Purpose) -> None:
        now = self._minter.milliseconds()
        if len(self._mailed) > MAILED_KEPT:
            self._mailed = {each: sent for each, sent in self._mailed.items() if sent[-1] > now - _HOUR}
        sent = self._mailed.setdefault((account, purpose), deque())
        while sent and sent[0] <= now - _HOUR:
            sent.popleft()
        if len(sent) >= MAILS_AN_HOUR:
            raise TooManyRequests(
                f"Only {MAILS_AN_HOUR} of these mails are sent in an hour; use the code in the last",
                retry_after=ceil((sent[0] + _HOUR - now) / 1000),
            )
        sent.append(now)


def _mailbox(tx: Tx, account: int) -> tuple[Account, str]:
    """Return the account and its address. Raises AccountNotFound, InvalidRequest."""
    owner = accounts.by_id(tx, account)
    if owner is None:
        raise AccountNotFound("Account not found")
    if owner.email is None:
        raise InvalidRequest("account does not have an email address")
    return owner, owner.email


def normal(token: str) -> str:
    """Return a token as it was mailed: whoever types one need not mind capitals or spaces around it."""
    return token.strip().upper()


def _five() -> str:
    return "".join(choice(_BASE32) for _ in range(5))


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()
