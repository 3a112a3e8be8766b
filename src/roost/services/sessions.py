"""Sessions: signing in, the tokens that follow, and taking them back.

Every token stands for a row, so that revoking one works at once: an access token and the refresh token that came with
it share a row, and the long-lived token of the 2022 lexicon, which has no refresh, has one of its own. A row says what
its tokens are good for, and with which app password it was opened: both are looked at again whenever it is refreshed.
"""

import asyncio
from secrets import token_urlsafe
from typing import Final

import msgspec

from roost.services import hosting
from roost.services.app_passwords import AppPasswords
from roost.services.caller import Caller, Scope
from roost.services.clock import Minter
from roost.services.emails import parse_email
from roost.services.errors import (
    AccountNotFound,
    AccountTakedown,
    ExpiredToken,
    InvalidRequest,
    InvalidToken,
    Unauthenticated,
)
from roost.services.passwords import Passwords
from roost.services.tokens import ACCESS_TYPE, REFRESH_TYPE, Claims, Tokens
from roost.storage import accounts, app_passwords, sessions
from roost.storage.accounts import Account
from roost.storage.app_passwords import AppPassword
from roost.storage.db import Database, Tx
from roost.storage.sessions import Session
from roost.syntax import AtIdentifier, Did, InvalidSyntax

ACCESS_SECONDS: Final = 2 * 60 * 60
REFRESH_SECONDS: Final = 90 * 24 * 60 * 60
GRACE_SECONDS: Final = 2 * 60 * 60
"""How long a refresh token that was used may be used again: tabs of one browser refresh at the same time."""

LONG_SECONDS: Final = 90 * 24 * 60 * 60
"""The life of a token that cannot be refreshed, as long as a refresh token's."""


REFUSED_SECONDS: Final = 0.35
"""How long a sign-in takes that is refused, as with the reference server: longer than any of its ways, which are not
equally long. A hash of ours takes 20 ms, one that came from a reference server 50, two of them where there are app
passwords from there (docs/decisions/0024). Nothing is held meanwhile but the connection.
"""

MAX_PASSWORD: Final = 512
"""Characters of a password that is looked at at all: the reference server's limit, twice what a new one may have."""


class Grant(msgspec.Struct, frozen=True):
    """What a session's tokens are good for, and the app password that it was opened with, if it was."""

    scope: Scope = Scope.ACCESS
    app_password: AppPassword | None = None

    @property
    def name(self) -> str | None:
        """The app password's name, by which the session is kept."""
        return None if self.app_password is None else self.app_password.name


OWN: Final = Grant()
"""What the account's own password grants: everything."""


class SignedIn(msgspec.Struct, frozen=True):
    """An account that has proved itself, and what its password grants."""

    account: Account
    grant: Grant


class Pair(msgspec.Struct, frozen=True):
    """The tokens of a session."""

    access: str
    refresh: str


class Sessions:
    """Proves who is calling, and gives out what proves it."""

    def __init__(
        self, db: Database, tokens: Tokens, passwords: Passwords, minter: Minter, app_passwords: AppPasswords
    ) -> None:
        self._db = db
        self._tokens = tokens
        self._passwords = passwords
        self._minter = minter
        self._app_passwords = app_passwords

    def _now(self) -> int:
        return self._minter.milliseconds() // 1000

    async def authenticate(self, token: str) -> Caller:
        """Return whose access token it is. Raises InvalidToken, ExpiredToken, AccountNotFound, AccountTakedown."""
        claims = self._tokens.read(token, ACCESS_TYPE)
        return await self._caller(claims, allow_expired=False)

    async def authenticate_refresh(self, token: str, *, allow_expired: bool = False) -> Caller:
        """Return whose refresh token it is. Raises as `authenticate` does, but ExpiredToken where the account is gone:
        a client that is told so signs out, where for AccountNotFound it would try for ever.

        `allow_expired` is for ending a session: then it does not matter either whether that has been done already.
        """
        claims = self._tokens.read(token, REFRESH_TYPE, allow_expired=allow_expired)
        try:
            return await self._caller(claims, allow_expired=allow_expired)
        except AccountNotFound:
            if allow_expired:
                raise
            raise ExpiredToken("Token has been revoked") from None

    async def _caller(self, claims: Claims, *, allow_expired: bool) -> Caller:
        found = await self._db.read(lambda tx: sessions.standing(tx, claims.id, claims.did))
        if found is None:
            raise AccountNotFound("Account not found")
        # First, because a takedown ends all sessions: whoever comes with one is to learn why it is over.
        if found.status == "takendown" and claims.scope is not Scope.TAKENDOWN:
            raise AccountTakedown("Account has been taken down")
        if not allow_expired and (found.expires_at is None or found.expires_at <= self._now()):
            raise ExpiredToken("Token has been revoked")
        return Caller(found.account, claims.did, found.handle, claims.scope, claims.id)

    async def whose(self, identifier: str) -> Did | None:
        """Return the account with that handle, DID or email, None if there is none."""
        found = await self._db.read(lambda tx: _by_identifier(tx, identifier.strip()))
        return None if found is None else found.did

    async def sign_in(self, identifier: str, password: str, *, allow_takendown: bool = False) -> SignedIn:
        """Return the account with that handle, DID or email, if the password is its own or one of its app passwords.

        One that was taken down signs in only with its own password and `allow_takendown`, and may do little then.
        Raises Unauthenticated, the same and after the same time for an unknown account and a wrong password;
        AccountTakedown; TooManyRequests.
        """
        if len(password) > MAX_PASSWORD:
            raise Unauthenticated("Password too long. Consider resetting your password.")
        loop = asyncio.get_running_loop()
        due = loop.time() + REFUSED_SECONDS
        try:
            return await self._sign_in(identifier, password, allow_takendown=allow_takendown)
        except Unauthenticated:
            await asyncio.sleep(due - loop.time())
            raise

    async def _sign_in(self, identifier: str, password: str, *, allow_takendown: bool) -> SignedIn:
        account, app_password = await self._db.read(lambda tx: self._look_up(tx, identifier.strip(), password))
        if account is not None and app_password is None:
            app_password = await self._imported_app_password(account, password)
        if account is not None and app_password is not None:
            return SignedIn(account, _grant_of(app_password))
        stored = None if account is None else account.password
        if not await self._passwords.matches(password, stored) or account is None:
            raise Unauthenticated("Invalid identifier or password")
        account = await self._renewed(account, password)
        if account.status != "takendown":
            return SignedIn(account, OWN)
        if not allow_takendown:
            raise AccountTakedown("Account has been taken down")
        return SignedIn(account, Grant(Scope.TAKENDOWN))

    async def _imported_app_password(self, account: Account, text: str) -> AppPassword | None:
        """Return the app password if it is one that was taken over from another server."""
        if account.status == "takendown" or not await self._db.read(
            lambda tx: self._app_passwords.may_be_imported(tx, account.id, text)
        ):
            return None
        hashed = await self._passwords.reference_app_hash(text, account.did)
        return await self._app_passwords.find_imported(account.id, text, hashed)

    async def _renewed(self, account: Account, text: str) -> Account:
        """Replace the hash of a password that another server has made, now that the password is there."""
        if account.password is None or not self._passwords.outdated(account.password):
            return account
        hashed = await self._passwords.renew(text)

        def renew(tx: Tx) -> Account:
            now = accounts.by_id(tx, account.id)
            if now is None or now.password != account.password:
                raise Unauthenticated("Invalid identifier or password")
            accounts.set_password(tx, account.id, hashed)
            return msgspec.structs.replace(now, password=hashed)

        return await self._db.write(renew)

    def _look_up(self, tx: Tx, identifier: str, password: str) -> tuple[Account | None, AppPassword | None]:
        """Return the account, and its app password if it is one: a takendown account's count no more."""
        account = _by_identifier(tx, identifier)
        if account is None or account.status == "takendown":
            return account, None
        return account, self._app_passwords.find(tx, account.id, password)

    async def begin(self, account: Account, grant: Grant = OWN) -> Pair:
        """Open a session for an account that has proved itself, and return its tokens. Raises Unauthenticated."""
        id = new_id()

        def add(tx: Tx) -> None:
            _check_unchanged(tx, account, grant)
            self.add_refreshable(tx, account.id, id, grant)

        await self._db.write(add)
        return self.pair(account, id, grant.scope)

    async def begin_long(self, account: Account, grant: Grant = OWN) -> str:
        """Open a session that lasts without refreshing, and return its token. Raises Unauthenticated."""
        id = new_id()

        def add(tx: Tx) -> None:
            _check_unchanged(tx, account, grant)
            self.add_long(tx, account.id, id, grant)

        await self._db.write(add)
        return self.long_token(account, id, grant.scope)

    def add_refreshable(self, tx: Tx, account: int, id: str, grant: Grant = OWN) -> None:
        """Add the row of a session with a refresh token, in the transaction of whoever opens it.

        That of an account that was taken down lasts as long as its access token: it is not refreshed.
        """
        now = self._now()
        seconds = ACCESS_SECONDS if grant.scope is Scope.TAKENDOWN else REFRESH_SECONDS
        sessions.drop_expired(tx, account, now)
        sessions.add(tx, Session(id, account, grant.scope, now, now + seconds, None, grant.name))

    def add_long(self, tx: Tx, account: int, id: str, grant: Grant = OWN) -> None:
        """Add the row of a session without one."""
        now = self._now()
        sessions.drop_expired(tx, account, now)
        sessions.add(tx, Session(id, account, grant.scope, now, now + LONG_SECONDS, None, grant.name))

    def pair(self, account: Account, id: str, scope: Scope = Scope.ACCESS) -> Pair:
        """Return the tokens of a session whose row is there."""
        now = self._now()
        return Pair(
            access=self._tokens.write(Claims(ACCESS_TYPE, scope, account.did, id, now + ACCESS_SECONDS)),
            refresh=self._tokens.write(Claims(REFRESH_TYPE, Scope.REFRESH, account.did, id, now + REFRESH_SECONDS)),
        )

    def long_token(self, account: Account, id: str, scope: Scope = Scope.ACCESS) -> str:
        """Return the token of a session without a refresh token, whose row is there."""
        return self._tokens.write(Claims(ACCESS_TYPE, scope, account.did, id, self._now() + LONG_SECONDS))

    async def refresh(self, caller: Caller) -> tuple[Account, Pair]:
        """Rotate the session behind a refresh token; within the grace time every use leads to the same new session.

        Raises ExpiredToken if the session was revoked meanwhile.
        """
        now, fresh = self._now(), new_id()

        def rotate(tx: Tx) -> tuple[Account, str, Scope]:
            account = accounts.by_id(tx, caller.account)
            session = None if caller.session is None else sessions.get(tx, caller.session)
            if account is None or session is None or session.expires_at <= now:
                raise ExpiredToken("Token has been revoked")
            scope = _scope_now(tx, session)
            sessions.drop_expired(tx, account.id, now)
            next_id = session.next_id or fresh
            sessions.rotate(tx, session.id, next_id=next_id, expires_at=min(session.expires_at, now + GRACE_SECONDS))
            until = now + REFRESH_SECONDS
            sessions.add(tx, Session(next_id, account.id, scope, now, until, None, session.app_password))
            return account, next_id, scope

        account, id, scope = await self._db.write(rotate)
        return account, self.pair(account, id, scope)

    async def end(self, caller: Caller) -> None:
        """Revoke the session behind the caller's token, and no other."""
        if caller.session is None:
            raise InvalidToken("Token has no session")
        id = caller.session
        await self._db.write(lambda tx: sessions.revoke(tx, id))


def new_id() -> str:
    """Return a new session id, 256 bits that nobody can guess."""
    return token_urlsafe(32)


def _check_unchanged(tx: Tx, account: Account, grant: Grant) -> None:
    """Refuse an account that was taken down, or whose password was changed or revoked, while it proved itself: that has
    ended all sessions, and this one would be left.
    """
    now, app_password = accounts.by_id(tx, account.id), grant.app_password
    if now is None or now.password != account.password:
        raise Unauthenticated("Invalid identifier or password")
    # All of it, not its name: another one of that name may have been made since.
    if app_password is not None and app_passwords.get(tx, account.id, app_password.name) != app_password:
        raise Unauthenticated("Invalid identifier or password")
    if now.status == "takendown" and grant.scope is not Scope.TAKENDOWN:
        raise AccountTakedown("Account has been taken down")


def _scope_now(tx: Tx, session: Session) -> Scope:
    """Return what a session that is refreshed is good for from now on. Raises ExpiredToken for one that must not be."""
    if session.scope == Scope.TAKENDOWN:
        raise ExpiredToken("Token has been revoked")
    if session.app_password is None:
        return Scope(session.scope)
    password = app_passwords.get(tx, session.account, session.app_password)
    if password is None:
        raise ExpiredToken("Token has been revoked")
    return _grant_of(password).scope


def _grant_of(password: AppPassword) -> Grant:
    scope = Scope.APP_PASS_PRIVILEGED if password.privileged else Scope.APP_PASS
    return Grant(scope, password)


def _by_identifier(tx: Tx, identifier: str) -> Account | None:
    """Return the account that a person means: capitals do not matter, but in a did:web that has some."""
    try:
        if "@" in identifier:
            return accounts.by_email(tx, parse_email(identifier))
        exact = identifier.startswith("did:web:") or not identifier.isascii()
        return hosting.find(tx, AtIdentifier.parse(identifier if exact else identifier.lower()))
    except (InvalidSyntax, InvalidRequest):
        return None
