"""Changing an account's did:plc, and what follows from it here, as one change although the directory is another server.

A row is written before the directory is asked, with the signed operation and what the account is to have. It is settled
by what the directory has: if that is the operation, the account's row, its events and the end of the change are one
transaction; if it is not, the change is forgotten. So a lost answer or a crash, wherever it comes, leaves both sides
agreeing, at the latest when `settle` has been run.

Deliberately does not judge handles or keys; `roost.services.handles` and its neighbours do, before they come here.
"""

from collections.abc import Callable
from typing import Final

import msgspec
import orjson
import structlog

from roost.crypto.keys import PrivateKey
from roost.identity import plc
from roost.identity.errors import InvalidOperation
from roost.net.errors import NetError, PlcError
from roost.net.plc import PlcDirectory
from roost.net.resolve import DidResolver
from roost.services import events
from roost.services.background import Background
from roost.services.clock import Minter
from roost.services.errors import AccountNotFound, HandleTaken, InvalidRequest, ServiceError, TooManyRequests
from roost.services.keyring import Keyring
from roost.services.policy import Policy
from roost.services.repos import Repos
from roost.services.trees import CorruptRepository
from roost.services.turns import Turns
from roost.services.upstream import explained
from roost.storage import accounts, identity_changes, key_rotations, staging
from roost.storage.accounts import Account
from roost.storage.db import Database, Tx
from roost.storage.identity_changes import IdentityChange
from roost.syntax import Did, Handle

log = structlog.get_logger(__name__)

DAY: Final = 86_400_000
"""In milliseconds, as all times here."""

SETTLE_AFTER: Final = 30_000
"""How old a change must be before others than its own request look after it: that is over within two requests to the
directory, of ten seconds each at the most.
"""

GIVE_UP_AFTER: Final = 5 * 60_000
"""When a directory that does not have the operation will not get it any more: every connection it could be on has long
been closed.
"""

Edit = Callable[[plc.State], plc.State]

TAKEN_AWAY: Final = "This server may not change the DID: its rotation key is not among the DID's own"
MOVING: Final = "Its repository is being imported: replace the key in a moment"
UNFINISHED: Final = "Another change of this account's identity is under way; try again in a minute"


class Change(msgspec.Struct, frozen=True):
    """What the account is to have once the directory has its new operation; None is as it is.

    `past_holds` takes a handle that is kept for somebody; `instead_of` is the handle without which nothing is changed;
    `name_handle` is whether the #identity event says the handle.
    """

    handle: Handle | None = None
    key: PrivateKey | None = None
    past_holds: bool = False
    instead_of: Handle | None = None
    name_handle: bool = True


class IdentityChanges:
    """Makes the changes, one at a time for each account."""

    def __init__(
        self,
        db: Database,
        policy: Policy,
        keyring: Keyring,
        rotation_key: PrivateKey,
        directory: PlcDirectory,
        resolver: DidResolver,
        repos: Repos,
        background: Background,
        minter: Minter,
    ) -> None:
        self._db = db
        self._policy = policy
        self._keyring = keyring
        self._rotation_key = rotation_key
        self._directory = directory
        self._resolver = resolver
        self._repos = repos
        self._background = background
        self._minter = minter
        self._turns = Turns()

    @property
    def rotation_key(self) -> str:
        """The did:key with which this server may change DIDs."""
        return self._rotation_key.public.did_key

    async def last(self, did: Did) -> plc.Operation | plc.LegacyCreate:
        """Return the DID's last operation. Raises InvalidRequest for one that has ended or was never there, and
        UpstreamFailure.
        """
        try:
            last = await self._directory.last(did)
        except NetError as error:
            raise explained(error) from error
        if isinstance(last, plc.Tombstone):
            raise InvalidRequest("Did is tombstoned")
        return last

    def sign(self, last: plc.Operation | plc.LegacyCreate, state: plc.State) -> plc.Operation:
        """Return the operation that gives the DID a new state, signed with the server's key. Raises InvalidRequest."""
        if self.rotation_key not in plc.state_of(last).rotation_keys:
            raise InvalidRequest(TAKEN_AWAY)
        operation = plc.update(last, state, self._rotation_key)
        try:
            plc.validate_operation(operation)
        except InvalidOperation as error:
            raise InvalidRequest(f"Invalid operation: {error}") from None
        return operation

    async def edit(self, account: int, edit: Edit, change: Change) -> None:
        """Give the account's did:plc the state that `edit` makes of its last one, and the account what `change` says.

        Where the DID has that state already the directory is not asked for anything, and the event is sent anew. Raises
        InvalidRequest, HandleTaken, AccountNotFound, TooManyRequests, UpstreamFailure; then nothing has changed, unless
        the message says that it is not known.
        """
        async with self._turns.of(account):
            did = await self._begin(account)
            last = await self.last(did)
            state = edit(plc.state_of(last))
            if state == plc.state_of(last):
                await self._db.write(lambda tx: self._apply(tx, account, change))
            else:
                await self._carry_out(account, did, self.sign(last, state), change)
        self.look_again(did)

    async def submit(self, account: int, operation: plc.Operation, change: Change) -> None:
        """Submit an operation that somebody else signed; raises as `edit` does."""
        async with self._turns.of(account):
            did = await self._begin(account)
            await self._carry_out(account, did, operation, change)
        self.look_again(did)

    async def apply(self, account: int, change: Change) -> None:
        """Give the account what `change` says where no directory has to be asked: a did:web. Raises HandleTaken."""
        async with self._turns.of(account):
            did = await self._begin(account)
            await self._db.write(lambda tx: self._apply(tx, account, change))
        self.look_again(did)

    async def settle(self, *, min_age: int = SETTLE_AFTER) -> int:
        """Settle the changes that a crash or a lost answer has left; return how many nobody can tell of yet."""
        before = self._minter.milliseconds() - min_age + 1
        unknown = 0
        for change in await self._db.read(lambda tx: identity_changes.pending(tx, before)):
            try:
                async with self._turns.of(change.account):
                    unknown += not await self._settle(change.account)
            except (ServiceError, CorruptRepository) as error:
                log.warning("a change of an identity is not settled", account=change.account, error=str(error))
                unknown += 1
        return unknown

    def look_again(self, did: Did) -> None:
        """Read the DID's document again, in the background."""
        self._background.start("reading a changed DID document", self._read(did))

    async def _read(self, did: Did) -> None:
        try:
            await self._resolver.resolve(did, fresh=True)
        except NetError as error:
            log.info("a changed DID document was not read", did=did, error=str(error))

    async def _begin(self, account: int) -> Did:
        """Return the account's DID, with no earlier change of its own under way."""
        found = await self._db.read(lambda tx: accounts.by_id(tx, account))
        if found is None:
            raise AccountNotFound("Account not found")
        if not await self._settle(account, give_up_after=SETTLE_AFTER):
            raise TooManyRequests(UNFINISHED)
        return found.did

    async def _carry_out(self, account: int, did: Did, operation: plc.Operation, change: Change) -> None:
        sealed = None if change.key is None else self._keyring.seal_key(did, change.key)
        now = self._minter.milliseconds()
        raw = orjson.dumps(plc.to_json(operation))
        row = IdentityChange(account, raw, change.handle, sealed, now)
        await self._db.write(lambda tx: self._prepare(tx, did, row, past_holds=change.past_holds))
        try:
            await self._directory.submit(did, operation)
        except PlcError as error:
            await self._db.write(lambda tx: identity_changes.remove(tx, account))
            raise explained(error) from error
        except NetError as error:
            # It may have taken the operation all the same: then its answer is what was lost.
            if not await self._has(did, operation):
                log.warning("the PLC directory did not answer", did=did, error=str(error))
                raise explained(error) from error
        await self._db.write(lambda tx: self._finish(tx, row, name_handle=change.name_handle))

    async def _has(self, did: Did, operation: plc.Operation) -> bool | None:
        """Return whether the operation is the DID's last; None if the directory does not say."""
        try:
            return plc.cid_of(await self._directory.last(did)) == plc.cid_of(operation)
        except PlcError:
            return False
        except NetError:
            return None

    async def _settle(self, account: int, *, give_up_after: int = GIVE_UP_AFTER) -> bool:
        """Settle what is under way for the account, if anything; False if nobody can tell yet.

        Another process may be carrying it out just now: so what the directory does not have is left for a while.
        """
        row = await self._db.read(lambda tx: _with_did(tx, account))
        if row is None:
            return True
        did, change = row
        operation = plc.parse_operation(orjson.loads(change.operation))
        assert isinstance(operation, plc.Operation), "only updates are prepared"
        has = await self._has(did, operation)
        if has:
            await self._db.write(lambda tx: self._finish(tx, change, name_handle=True))
            log.info("a change of an identity that was interrupted is settled", did=did)
            self.look_again(did)
        elif has is False and change.created_at <= self._minter.milliseconds() - give_up_after:
            await self._db.write(lambda tx: identity_changes.remove(tx, account))
            log.info("a change of an identity that the directory did not take is forgotten", did=did)
        else:
            return False
        return True

    def _prepare(self, tx: Tx, did: Did, change: IdentityChange, *, past_holds: bool) -> None:
        if accounts.by_id(tx, change.account) is None:
            raise AccountNotFound("Account not found")
        if identity_changes.get(tx, change.account) is not None:
            raise TooManyRequests(UNFINISHED)  # another process's
        self._check_free(tx, did, change.handle, past_holds=past_holds)
        _check_still(tx, change.account, change.signing_key)
        identity_changes.add(tx, change)

    def _check_free(self, tx: Tx, did: Did, handle: Handle | None, *, past_holds: bool) -> None:
        now = self._minter.milliseconds()
        if handle is not None and accounts.handle_taken(tx, handle, now, did=did, held_too=not past_holds):
            raise HandleTaken(f"Handle already taken: {handle}")

    def _finish(self, tx: Tx, change: IdentityChange, *, name_handle: bool) -> None:
        """Give the account what was prepared, unless that has been done already."""
        _check_still(tx, change.account, change.signing_key)
        if not identity_changes.remove(tx, change.account):
            return
        account = accounts.by_id(tx, change.account)
        assert account is not None, "the change goes with the account"
        self._take(tx, account, change.handle, change.signing_key, name_handle=name_handle)

    def _apply(self, tx: Tx, account: int, change: Change) -> None:
        found = accounts.by_id(tx, account)
        if found is None:
            raise AccountNotFound("Account not found")
        if change.instead_of not in (None, found.handle):
            return
        self._check_free(tx, found.did, change.handle, past_holds=change.past_holds)
        sealed = None if change.key is None else self._keyring.seal_key(found.did, change.key)
        _check_still(tx, account, sealed)
        self._take(tx, found, change.handle, sealed, name_handle=change.name_handle)

    def _take(
        self, tx: Tx, account: Account, handle: Handle | None, sealed: bytes | None, *, name_handle: bool
    ) -> None:
        """Change the account's row and tell of it; a new signing key is told before what is signed with it."""
        now = self._minter.milliseconds()
        if handle is not None:
            self._take_handle(tx, account, handle, now)
        told = (account.public_handle if handle is None else handle) if name_handle else None
        events.append_identity(tx, account.id, account.did, told, now=now)
        if sealed is not None:
            accounts.set_signing_key(tx, account.id, sealed, now=now)
            key_rotations.done(tx, account.id)
            commit = self._repos.resign(tx, account.id)
            events.append_sync(tx, account.id, commit, now=now)

    def _take_handle(self, tx: Tx, account: Account, handle: Handle, now: int) -> None:
        """Give the account its new handle; the old one, if it is one of ours, is kept for it for a while."""
        accounts.set_identity_due(tx, account.id, now + DAY)
        if handle == account.handle:
            accounts.set_handle_invalid(tx, account.id, None)
            return
        accounts.set_handle(tx, account.id, handle)
        accounts.release_handle(tx, handle)
        if self._policy.is_ours(account.handle):
            until = now + self._policy.hold_handle_days * DAY
            accounts.hold_handle(tx, account.handle, until=until, did=account.did)


def _check_still(tx: Tx, account: int, signing_key: bytes | None) -> None:
    """Refuse a new key while an import is on its way into the repository: its commit is signed with the old one."""
    if signing_key is not None and staging.moving(tx, account):
        raise TooManyRequests(MOVING)


def _with_did(tx: Tx, account: int) -> tuple[Did, IdentityChange] | None:
    change, owner = identity_changes.get(tx, account), accounts.by_id(tx, account)
    return None if change is None or owner is None else (owner.did, change)
