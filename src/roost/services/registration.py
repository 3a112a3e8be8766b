"""Making an account: names are reserved, the DID is made, then the account with its repository stands all at once.

The PLC directory is another server, so no transaction spans it. A reservation holds the names and the invite meanwhile;
it falls with whatever goes wrong, and one that a crash left behind is released by a later registration. No account is
ever visible without its DID, its repository and its place in the event log.
"""

from collections.abc import Callable
from typing import Final

import msgspec
import structlog

from roost.crypto.keys import PrivateKey
from roost.identity import plc
from roost.identity.diddoc import DidDocument
from roost.identity.errors import HandleNotAvailable as ReservedName
from roost.identity.errors import HandleRefused
from roost.identity.errors import UnsupportedDomain as ForeignDomain
from roost.identity.handle import check_local
from roost.net.errors import NetError, Refused
from roost.net.plc import PlcDirectory
from roost.net.resolve import DidResolver
from roost.services import events
from roost.services.activation import KEPT_DAYS
from roost.services.clock import Minter
from roost.services.emails import parse_email
from roost.services.errors import (
    AlreadyExists,
    EmailNotAvailable,
    HandleNotAvailable,
    HandleTaken,
    InvalidHandle,
    InvalidInviteCode,
    InvalidRequest,
    UnsupportedDomain,
    UpstreamFailure,
)
from roost.services.keyring import Keyring
from roost.services.passwords import Passwords
from roost.services.policy import Policy
from roost.services.repos import Repos
from roost.services.sessions import Sessions, new_id
from roost.storage import accounts, invites
from roost.storage.accounts import Account, Reservation
from roost.storage.db import Database, Tx
from roost.syntax import Did, Handle

log = structlog.get_logger(__name__)

RESERVATION_SECONDS: Final = 300
"""After this long a reservation belongs to a registration that died: a directory is given 10 seconds to answer."""

UNAVAILABLE: Final = "Provided invite code not available"


_DAY: Final = 86_400_000


class Application(msgspec.Struct, frozen=True):
    """What somebody asks for; `recovery_key` is a did:key of their own that will outrank the server's."""

    handle: Handle
    email: str
    password: str
    invite_code: str | None = None
    recovery_key: str | None = None


class Registered(msgspec.Struct, frozen=True):
    """A new account and the id of its first session; `document` is None if the directory could not be asked again."""

    account: Account
    session: str
    document: DidDocument | None


class Registration:
    """Makes accounts."""

    def __init__(
        self,
        db: Database,
        policy: Policy,
        passwords: Passwords,
        keyring: Keyring,
        rotation_key: PrivateKey,
        directory: PlcDirectory,
        resolver: DidResolver,
        repos: Repos,
        sessions: Sessions,
        minter: Minter,
    ) -> None:
        self._db = db
        self._policy = policy
        self._passwords = passwords
        self._keyring = keyring
        self._rotation_key = rotation_key
        self._directory = directory
        self._resolver = resolver
        self._repos = repos
        self._sessions = sessions
        self._minter = minter

    @property
    def rotation_key(self) -> str:
        """The did:key with which this server may change the DIDs that it made."""
        return self._rotation_key.public.did_key

    async def register(self, wanted: Application, *, refreshable: bool = True, invited: bool = True) -> Registered:
        """Make the account and open its first session, with a refresh token or without one.

        `invited` False is the operator's own way in, past invites and blocked words. Raises InvalidInviteCode,
        InvalidHandle, UnsupportedDomain, HandleNotAvailable, EmailNotAvailable, InvalidPassword, InvalidRequest,
        TooManyRequests, UpstreamFailure.
        """
        await self._release_dead()
        needed = invited and self._policy.invite_required
        await self._check_code(wanted.invite_code, needed=needed)
        self._check_handle(wanted.handle, operator=not invited)
        email = parse_email(wanted.email)
        await self._db.read(lambda tx: self._check_free(tx, wanted.handle, email))
        password = await self._passwords.hash(wanted.password)

        key = PrivateKey.generate()
        operation = plc.genesis(self._state(wanted, key), self._rotation_key)
        did = plc.did_of(operation)
        wish = Reservation(wanted.handle, email, did, wanted.invite_code, self._now())
        reservation = await self._db.write(lambda tx: self._reserve(tx, wish, invited=needed))
        await self._submit(reservation, operation)

        sealed, session = self._keyring.seal_key(did, key), new_id()
        add_session = self._sessions.add_refreshable if refreshable else self._sessions.add_long

        def settle(tx: Tx) -> Account:
            account = self._settle(tx, reservation, password=password, signing_key=sealed)
            add_session(tx, account.id, session)
            return account

        try:
            account = await self._db.write(settle)
        except Exception:
            # Whatever went wrong is told either way.
            await self._abandon(reservation, operation)
            raise
        return Registered(account, session, await self._document(did))

    async def take_in(self, wanted: Application, did: Did, key: Callable[[Tx], bytes]) -> Registered:
        """Make an account for a DID that stands already, and open its first session; `key` gives its sealed key.

        It is deactivated and has an empty repository until its owner has brought everything along, and nobody is told.
        Whether the caller speaks for the DID, and the handle is its own, has been seen to. Raises as `register` does,
        and AlreadyExists.
        """
        await self._release_dead()
        await self._check_code(wanted.invite_code, needed=self._policy.invite_required)
        email = parse_email(wanted.email)
        await self._db.read(lambda tx: self._check_newcomer(tx, wanted.handle, email, did))
        password = await self._passwords.hash(wanted.password)
        session = new_id()

        def settle(tx: Tx) -> Account:
            now = self._now()
            self._check_newcomer(tx, wanted.handle, email, did)
            code = self._take_invite(tx, wanted.invite_code, needed=self._policy.invite_required)
            if code is not None:
                invites.used(tx, code=code, did=did, now=now)
            id = accounts.add(
                tx, did=did, handle=wanted.handle, email=email, password=password, signing_key=key(tx), now=now
            )
            # Whoever changes their mind says nothing: what never opens goes again (8.1; services/deletion.py).
            accounts.set_deactivated(tx, id, now, delete_after=now + KEPT_DAYS * _DAY)
            self._repos.begin(tx, id, did, told=False)
            self._sessions.add_refreshable(tx, id, session)
            account = accounts.by_id(tx, id)
            assert account is not None, "it was added above"
            return account

        account = await self._db.write(settle)
        return Registered(account, session, await self._document(did))

    def _check_newcomer(self, tx: Tx, handle: Handle, email: str, did: Did) -> None:
        if accounts.by_did(tx, did) is not None or accounts.did_reserved(tx, did):
            raise AlreadyExists(f"Repo already exists: {did}")
        self._check_free(tx, handle, email, did)

    async def check_invite(self, code: str | None) -> None:
        """Refuse a code that `register` would refuse, before anything else is looked at. Raises InvalidInviteCode."""
        if self._policy.invite_required:
            await self._release_dead()
            await self._check_code(code, needed=True)

    def _now(self) -> int:
        return self._minter.milliseconds()

    async def _check_code(self, code: str | None, *, needed: bool) -> None:
        """Refuse to begin without a code that will do, where one is needed. Raises InvalidInviteCode."""
        if not needed:
            return
        if not code:
            raise InvalidInviteCode("No invite code provided")
        if not await self._db.read(lambda tx: invites.usable(tx, code)):
            raise InvalidInviteCode(UNAVAILABLE)

    def _take_invite(self, tx: Tx, code: str | None, *, needed: bool) -> str | None:
        """Take a use of a code and return it. One that is given although none is needed counts as well, if it is good;
        if not, it is as if it had not been given (8.8). Raises InvalidInviteCode.
        """
        if code and invites.usable(tx, code) and invites.take(tx, code):
            return code
        if needed:
            raise InvalidInviteCode(UNAVAILABLE)
        return None

    def _check_handle(self, handle: Handle, *, operator: bool) -> None:
        if not operator:
            self._policy.blocked.check_handle(handle)
        try:
            check_local(handle, self._policy.domains)
        except ReservedName as error:
            raise HandleNotAvailable(str(error)) from None
        except ForeignDomain as error:
            raise UnsupportedDomain(str(error)) from None
        except HandleRefused as error:
            raise InvalidHandle(str(error)) from None

    def _check_free(self, tx: Tx, handle: Handle, email: str, did: Did | None = None) -> None:
        if accounts.handle_taken(tx, handle, self._now(), did=did):
            raise HandleTaken(f"Handle already taken: {handle}")
        if accounts.email_taken(tx, email):
            raise EmailNotAvailable(f"Email already taken: {email}")

    def _state(self, wanted: Application, key: PrivateKey) -> plc.State:
        keys = (wanted.recovery_key, self._policy.recovery_key)  # the owner's outranks the operator's
        recovery = dict.fromkeys(key for key in keys if key is not None)
        return plc.account_state(
            signing_key=key.public.did_key,
            rotation_keys=(*recovery, self._rotation_key.public.did_key),
            handle=wanted.handle,
            pds=self._policy.public_url,
        )

    def _reserve(self, tx: Tx, wish: Reservation, *, invited: bool) -> Reservation:
        """Take the names and a use of the invite, if they can still be had, and return what was taken."""
        taken = msgspec.structs.replace(wish, invite=self._take_invite(tx, wish.invite, needed=invited))
        self._check_free(tx, taken.handle, taken.email or "")
        accounts.reserve(tx, taken)
        return taken

    async def _release_dead(self) -> None:
        """Give up what was taken for registrations that died, before asking what is still to be had."""
        before = self._now() - RESERVATION_SECONDS * 1000
        standing = await self._db.read(accounts.reservations)
        dead = [reservation for reservation in standing if reservation.created_at < before]

        def release(tx: Tx) -> None:
            for reservation in dead:
                self._release(tx, reservation.did, reservation.invite)

        if dead:
            await self._db.write(release)

    def _release(self, tx: Tx, did: Did, invite: str | None) -> None:
        if accounts.release(tx, did) and invite is not None:
            invites.give_back(tx, invite)

    async def _submit(self, reservation: Reservation, operation: plc.Operation) -> None:
        try:
            await self._directory.submit(reservation.did, operation)
        except NetError as error:
            log.warning("the PLC directory did not take a new DID", did=reservation.did, error=str(error))
            await self._db.write(lambda tx: self._release(tx, reservation.did, reservation.invite))
            if isinstance(error, Refused) and error.status == 400:
                # Of all that the operation says, only the recovery key was not made here.
                raise InvalidRequest(f"The PLC directory refused: {error}") from error
            raise UpstreamFailure("The DID could not be registered; try again later") from error

    async def _abandon(self, reservation: Reservation, operation: plc.Operation) -> None:
        """End a DID that will never have an account, and free its names.

        When a commit fails nobody can tell whether it was made; so the account is looked for before its DID is ended.
        """

        def release(tx: Tx) -> bool:
            if accounts.by_did(tx, reservation.did) is not None:
                return False
            self._release(tx, reservation.did, reservation.invite)
            return True

        if await self._db.write(release):
            await self._end(reservation.did, operation)

    async def _end(self, did: Did, operation: plc.Operation) -> None:
        try:
            await self._directory.submit(did, plc.tombstone(operation, self._rotation_key))
        except NetError as error:
            log.warning("a DID without an account was not tombstoned", did=did, error=str(error))

    def _settle(self, tx: Tx, reservation: Reservation, *, password: str, signing_key: bytes) -> Account:
        """Turn the reservation into the account, with its repository and its four first events."""
        did, handle, now = reservation.did, reservation.handle, self._now()
        if not accounts.release(tx, did):
            raise InvalidRequest("The registration took too long; try again")
        id = accounts.add(
            tx, did=did, handle=handle, email=reservation.email, password=password, signing_key=signing_key, now=now
        )
        if reservation.invite is not None:
            invites.used(tx, code=reservation.invite, did=did, now=now)
        events.append_identity(tx, id, did, handle, now=now)
        events.append_account(tx, id, did, None, now=now)
        commit = self._repos.begin(tx, id, did)
        events.append_sync(tx, id, commit, now=now)
        account = accounts.by_id(tx, id)
        assert account is not None, "it was added above"
        return account

    async def _document(self, did: Did) -> DidDocument | None:
        try:
            return await self._resolver.resolve(did, fresh=True)
        except NetError:
            return None
