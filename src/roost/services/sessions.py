"""Sessions: signing in, the tokens that follow, and taking them back.

Every token stands for a row, so that revoking one works at once: an access token and the refresh token that came with
it share a row, and the long-lived token of the 2022 lexicon, which has no refresh, has one of its own.
"""

from secrets import token_urlsafe
from typing import Final

import msgspec

from roost.services import hosting
from roost.services.caller import Caller, Scope
from roost.services.clock import Minter
from roost.services.errors import AccountNotFound, AccountTakedown, ExpiredToken, InvalidToken, Unauthenticated
from roost.services.passwords import Passwords
from roost.services.tokens import ACCESS_TYPE, REFRESH_TYPE, Claims, Tokens
from roost.storage import accounts, sessions
from roost.storage.accounts import Account
from roost.storage.db import Database, Tx
from roost.storage.sessions import Session
from roost.syntax import AtIdentifier, InvalidSyntax

ACCESS_SECONDS: Final = 2 * 60 * 60
REFRESH_SECONDS: Final = 90 * 24 * 60 * 60
GRACE_SECONDS: Final = 2 * 60 * 60
"""How long a refresh token that was used may be used again: tabs of one browser refresh at the same time."""

LONG_SECONDS: Final = 90 * 24 * 60 * 60
"""The life of a token that cannot be refreshed, as long as a refresh token's."""


class Pair(msgspec.Struct, frozen=True):
    """The tokens of a session."""

    access: str
    refresh: str


class Sessions:
    """Proves who is calling, and gives out what proves it."""

    def __init__(self, db: Database, tokens: Tokens, passwords: Passwords, minter: Minter) -> None:
        self._db = db
        self._tokens = tokens
        self._passwords = passwords
        self._minter = minter

    def _now(self) -> int:
        return self._minter.milliseconds() // 1000

    async def authenticate(self, token: str) -> Caller:
        """Return whose access token it is. Raises InvalidToken, ExpiredToken, AccountNotFound, AccountTakedown."""
        claims = self._tokens.read(token, ACCESS_TYPE)
        return await self._caller(claims, allow_expired=False)

    async def authenticate_refresh(self, token: str, *, allow_expired: bool = False) -> Caller:
        """Return whose refresh token it is. Raises as `authenticate` does.

        `allow_expired` is for ending a session: then it does not matter either whether that has been done already.
        """
        claims = self._tokens.read(token, REFRESH_TYPE, allow_expired=allow_expired)
        return await self._caller(claims, allow_expired=allow_expired)

    async def _caller(self, claims: Claims, *, allow_expired: bool) -> Caller:
        found = await self._db.read(lambda tx: sessions.standing(tx, claims.id, claims.did))
        if found is None:
            raise AccountNotFound("Account not found")
        if not allow_expired and (found.expires_at is None or found.expires_at <= self._now()):
            raise ExpiredToken("Token has been revoked")
        if found.status == "takendown" and claims.scope is not Scope.TAKENDOWN:
            raise AccountTakedown("Account has been taken down")
        return Caller(found.account, claims.did, found.handle, claims.scope, claims.id)

    async def sign_in(self, identifier: str, password: str) -> Account:
        """Return the account with that handle, DID or email, if the password is its own.

        Raises Unauthenticated, the same for an unknown account and a wrong password; AccountTakedown; TooManyRequests.
        """
        account = await self._db.read(lambda tx: _by_identifier(tx, identifier.strip()))
        stored = None if account is None else account.password
        if not await self._passwords.matches(password, stored) or account is None:
            raise Unauthenticated("Invalid identifier or password")
        if account.status == "takendown":
            raise AccountTakedown("Account has been taken down")
        return account

    async def begin(self, account: Account) -> Pair:
        """Open a session for an account that has proved itself, and return its tokens. Raises Unauthenticated."""
        id = new_id()

        def add(tx: Tx) -> None:
            _check_unchanged(tx, account)
            self.add_refreshable(tx, account.id, id)

        await self._db.write(add)
        return self.pair(account, id)

    async def begin_long(self, account: Account) -> str:
        """Open a session that lasts without refreshing, and return its token. Raises Unauthenticated."""
        id = new_id()

        def add(tx: Tx) -> None:
            _check_unchanged(tx, account)
            self.add_long(tx, account.id, id)

        await self._db.write(add)
        return self.long_token(account, id)

    def add_refreshable(self, tx: Tx, account: int, id: str) -> None:
        """Add the row of a session with a refresh token, in the transaction of whoever opens it."""
        now = self._now()
        sessions.drop_expired(tx, account, now)
        sessions.add(tx, Session(id, account, Scope.ACCESS, now, now + REFRESH_SECONDS, None))

    def add_long(self, tx: Tx, account: int, id: str) -> None:
        """Add the row of a session without one."""
        now = self._now()
        sessions.drop_expired(tx, account, now)
        sessions.add(tx, Session(id, account, Scope.ACCESS, now, now + LONG_SECONDS, None))

    def pair(self, account: Account, id: str) -> Pair:
        """Return the tokens of a session whose row is there."""
        now = self._now()
        return Pair(
            access=self._tokens.write(Claims(ACCESS_TYPE, Scope.ACCESS, account.did, id, now + ACCESS_SECONDS)),
            refresh=self._tokens.write(Claims(REFRESH_TYPE, Scope.REFRESH, account.did, id, now + REFRESH_SECONDS)),
        )

    def long_token(self, account: Account, id: str) -> str:
        """Return the token of a session without a refresh token, whose row is there."""
        return self._tokens.write(Claims(ACCESS_TYPE, Scope.ACCESS, account.did, id, self._now() + LONG_SECONDS))

    async def refresh(self, caller: Caller) -> tuple[Account, Pair]:
        """Rotate the session behind a refresh token; within the grace time every use leads to the same new session.

        Raises ExpiredToken if the session was revoked meanwhile.
        """
        now, fresh = self._now(), new_id()

        def rotate(tx: Tx) -> tuple[Account, str]:
            account = accounts.by_id(tx, caller.account)
            session = None if caller.session is None else sessions.get(tx, caller.session)
            if account is None or session is None or session.expires_at <= now:
                raise ExpiredToken("Token has been revoked")
            sessions.drop_expired(tx, account.id, now)
            next_id = session.next_id or fresh
            sessions.rotate(tx, session.id, next_id=next_id, expires_at=min(session.expires_at, now + GRACE_SECONDS))
            sessions.add(tx, Session(next_id, account.id, session.scope, now, now + REFRESH_SECONDS, None))
            return account, next_id

        account, id = await self._db.write(rotate)
        return account, self.pair(account, id)

    async def end(self, caller: Caller) -> None:
        """Revoke the session behind the caller's token, and no other."""
        if caller.session is None:
            raise InvalidToken("Token has no session")
        id = caller.session
        await self._db.write(lambda tx: sessions.revoke(tx, id))


def new_id() -> str:
    """Return a new session id, 256 bits that nobody can guess."""
    return token_urlsafe(32)


def _check_unchanged(tx: Tx, account: Account) -> None:
    """Refuse an account whose password was changed while it proved itself: the change has ended all sessions."""
    now = accounts.by_id(tx, account.id)
    if now is None or now.password != account.password:
        raise Unauthenticated("Invalid identifier or password")


def _by_identifier(tx: Tx, identifier: str) -> Account | None:
    if "@" in identifier:
        return accounts.by_email(tx, identifier.lower())
    try:
        return hosting.find(tx, AtIdentifier.parse(identifier))
    except InvalidSyntax:
        return None
