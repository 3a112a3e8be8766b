"""Changing an account's handle: which one it may have, the proof that it is its own, and its DID saying so (7.4).

A handle under a domain of this server is given to whoever asks first; any other must lead to the account's DID already,
by DNS or by its well-known file. The handle that is given up, where it is one of ours, is kept for its former owner for
`Policy.hold_handle_days`, so that nobody can pose as them the day after; they may go back to it, and the administrator
may give it to somebody else.
"""

from roost.identity.errors import HandleNotAvailable as ReservedName
from roost.identity.errors import HandleRefused
from roost.identity.handle import check_label, check_tld, service_domain_of
from roost.net.errors import DidNotResolved, NetError
from roost.net.resolve import DidResolver, HandleResolver
from roost.services.clock import Minter
from roost.services.errors import AccountNotFound, HandleNotAvailable, HandleTaken, InvalidHandle, InvalidRequest
from roost.services.identity_changes import Change, IdentityChanges
from roost.services.policy import Policy
from roost.services.upstream import explained
from roost.storage import accounts
from roost.storage.accounts import Account
from roost.storage.db import Database, Tx
from roost.syntax import Did, Handle

NOT_PROVEN = "External handle did not resolve to DID"


class Handles:
    """Gives accounts other handles."""

    def __init__(
        self,
        db: Database,
        policy: Policy,
        changes: IdentityChanges,
        resolver: DidResolver,
        handles: HandleResolver,
        minter: Minter,
    ) -> None:
        self._db = db
        self._policy = policy
        self._changes = changes
        self._resolver = resolver
        self._handles = handles
        self._minter = minter

    async def update(self, account: int, handle: Handle, *, administrator: bool = False) -> None:
        """Give the account that handle, in its DID document and here, and tell the network; again, it is told again.

        The administrator may give out reserved and blocked words, and what is kept for somebody. Raises
        AccountNotFound, InvalidHandle, HandleNotAvailable, InvalidRequest, TooManyRequests, UpstreamFailure,
        UpstreamTimeout.
        """
        found = await self._db.read(lambda tx: accounts.by_id(tx, account))
        if found is None:
            raise AccountNotFound("Account not found")
        self.check(handle, administrator=administrator)
        await self._db.read(lambda tx: self._check_free(tx, found, handle, past_holds=administrator))
        if not self._policy.is_ours(handle) and await self._handles.resolve(handle) != found.did:
            raise InvalidRequest(NOT_PROVEN)
        change = Change(handle, past_holds=administrator)
        if found.did.method == "plc":
            await self._changes.edit(account, lambda state: state.with_handle(handle), change)
        else:
            await self._check_document(found.did, handle)
            await self._changes.apply(account, change)

    def check(self, handle: Handle, *, administrator: bool = False) -> None:
        """Refuse what no account here could be called, whoever asks. Raises InvalidHandle, HandleNotAvailable."""
        try:
            check_tld(handle)
            if not administrator:
                self._policy.blocked.check_handle(handle)
            domain = service_domain_of(handle, self._policy.domains)
            if domain is not None:
                check_label(handle, domain, reserved_too=administrator)
        except ReservedName as error:
            raise HandleNotAvailable(str(error)) from None
        except HandleRefused as error:
            raise InvalidHandle(str(error)) from None

    def _check_free(self, tx: Tx, account: Account, handle: Handle, *, past_holds: bool) -> None:
        now = self._minter.milliseconds()
        if accounts.handle_taken(tx, handle, now, did=account.did, held_too=not past_holds):
            raise HandleTaken(f"Handle already taken: {handle}")

    async def _check_document(self, did: Did, handle: Handle) -> None:
        """Refuse a handle that a did:web does not name: its document is its owner's to write (7.2)."""
        try:
            document = await self._resolver.resolve(did, fresh=True)
        except DidNotResolved:
            raise InvalidRequest(f"Could not resolve DID: {did}") from None
        except NetError as error:
            raise explained(error, "The host of the DID document") from error
        if document.handle != handle:
            raise InvalidRequest(f"The DID document must name at://{handle} first in alsoKnownAs; change it first")
