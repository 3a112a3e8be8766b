"""Repositories that come from another host, or from a backup: com.atproto.repo.importRepo.

The CAR goes into a file as it comes, every block checked; then its commit must be the account's own, signed with a key
that the DID has or had, and its tree complete. It is taken over under a new commit, signed with the key that the
account has here, at a later rev: a rev must keep growing from host to host (reference: sections 8.5 and 8.6).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from roost.crypto.errors import CryptoError
from roost.crypto.keys import PublicKey
from roost.data.cid import Cid
from roost.data.errors import DataError
from roost.identity import plc
from roost.identity.errors import IdentityError
from roost.net.errors import NetError
from roost.net.plc import PlcDirectory
from roost.net.resolve import DidResolver
from roost.repo import mst
from roost.repo.errors import InvalidCommit
from roost.repo.foreign import ForeignCommit, parse_foreign
from roost.services.clock import Minter
from roost.services.errors import (
    AccountNotFound,
    InvalidRequest,
    PayloadTooLarge,
    TooManyRequests,
    UpstreamFailure,
)
from roost.services.imports import FUTURE_SECONDS
from roost.services.keyring import Keyring
from roost.services.replacing import Replacing
from roost.services.spool import Spool
from roost.services.upstream import explained
from roost.storage import accounts, heads
from roost.storage.accounts import Account
from roost.storage.db import Database
from roost.storage.heads import Head
from roost.syntax import Did, Tid

log = structlog.get_logger(__name__)

AT_ONCE: Final = 8
"""Imports under way: each may take the limit's bytes on the disk."""

PIECE: Final = 256 * 1024
"""Bytes that are worth a trip to a thread."""

PATIENCE_SECONDS: Final = 60
SLOWEST: Final = 16 * 1024
"""A CAR has a minute, and a second more for every 16 KiB that have come: who sends less keeps others out."""

MOST_SECONDS: Final = 3600

MOST_STRAY_BYTES: Final = 1_000_000
"""Bytes of blocks that a CAR may hold beside those of its repository, if it is small; in a larger one they may be half.
Hosts leave some in their exports, and those of 2022 all that ever was; but a file of something else is no repository.
"""

EMPTY: Final = Cid.of_cbor(mst.encode(mst.EMPTY))
"""The tree without records."""


class Arrivals:
    """Takes repositories in. `limit` is in bytes; None where the operator accepts none."""

    def __init__(
        self,
        db: Database,
        keyring: Keyring,
        replacing: Replacing,
        resolver: DidResolver,
        directory: PlcDirectory,
        minter: Minter,
        folder: Path,
        limit: int | None,
    ) -> None:
        self._db = db
        self._keyring = keyring
        self._replacing = replacing
        self._resolver = resolver
        self._directory = directory
        self._minter = minter
        self._folder = folder
        self._limit = limit
        self._busy: set[int] = set()

    async def receive(self, account: int, pieces: AsyncIterator[bytes]) -> None:
        """Replace the account's repository with the one in a CAR.

        Raises InvalidRequest for whatever does not hold, PayloadTooLarge, InvalidSwap, TooManyRequests,
        AccountNotFound, UpstreamFailure or another of `upstream.explained` where the
        DID's keys cannot be had.
        """
        if self._limit is None:
            raise InvalidRequest("Service is not accepting repo imports")
        async with self._place(account):
            owner = await self._db.read(lambda tx: accounts.by_id(tx, account))
            if owner is None:
                raise AccountNotFound("Account not found")
            spool = await asyncio.to_thread(Spool, self._folder)
            try:
                await self._fill(spool, pieces, self._limit)
                commit = await asyncio.to_thread(_commit, spool)
                self._check_place(commit, owner)
                head = await self._db.read(lambda tx: heads.get(tx, account))
                if head is not None:
                    _check_later(commit, owner, head)
                await self._check_signature(commit, owner)
                await self._replacing.replace(
                    account,
                    commit.data,
                    spool.get,
                    after=commit.rev,
                    may=partial(_check_later, commit),
                    judged=partial(_check_strays, spool),
                )
            finally:
                await asyncio.to_thread(spool.close)

    @asynccontextmanager
    async def _place(self, account: int) -> AsyncIterator[None]:
        if account in self._busy:
            raise InvalidRequest("An import of this account is under way")
        if len(self._busy) >= AT_ONCE:
            raise TooManyRequests("Too many repositories arrive at once; try again in a few minutes")
        self._busy.add(account)
        try:
            yield
        finally:
            self._busy.discard(account)

    async def _fill(self, spool: Spool, pieces: AsyncIterator[bytes], limit: int) -> None:
        """Write the CAR into the file. Raises InvalidRequest, PayloadTooLarge."""
        began = asyncio.get_running_loop().time()
        held = bytearray()
        size = 0
        try:
            async with asyncio.timeout(PATIENCE_SECONDS) as patience:
                async for piece in pieces:
                    held += piece
                    size += len(piece)
                    if size > limit:
                        raise PayloadTooLarge(f"The repository is larger than the {limit} bytes that are accepted here")
                    if len(held) >= PIECE:
                        await asyncio.to_thread(spool.write, bytes(held))
                        held.clear()
                        patience.reschedule(began + min(PATIENCE_SECONDS + size / SLOWEST, MOST_SECONDS))
            await asyncio.to_thread(spool.write, bytes(held))
        except TimeoutError:
            raise InvalidRequest("The CAR took too long to arrive") from None
        except DataError as error:
            raise InvalidRequest(f"The body is not a CAR that can be used: {error}") from error

    def _check_place(self, commit: ForeignCommit, owner: Account) -> None:
        if commit.did != owner.did:
            raise InvalidRequest(f"The commit is for {commit.did}, not {owner.did}")
        if commit.rev is not None and commit.rev > Tid.of(self._minter.clock() + FUTURE_SECONDS * 1_000_000, 0):
            raise InvalidRequest(f"The commit's rev {commit.rev} is in the future: check the clock it was made with")

    async def _check_signature(self, commit: ForeignCommit, owner: Account) -> None:
        """Refuse a commit that no key of the DID has signed, as far as its keys can be known.

        The document of a did:web has no past: once it names our key, the old host's is nowhere to be found, and the
        commit passes on the word of its owner, who is calling.
        """
        ours = await self._db.read(lambda tx: self._keyring.signing_key(tx, owner.id, owner.did).public)
        if commit.signed_by(ours):
            return
        if owner.did.method == "plc":
            keys = await self._past_keys(owner.did)
        else:
            keys = await self._present_keys(owner.did)
            if keys in ([], [ours]):
                log.info("an imported commit's signature could not be checked", did=owner.did)
                return
        if not any(commit.signed_by(key) for key in keys):
            raise InvalidRequest("The signature does not hold: no key that the DID has, or had, made it")

    async def _past_keys(self, did: Did) -> list[PublicKey]:
        """Return every signing key that a did:plc ever had, those first that it had last."""
        try:
            entries = await self._directory.audit_log(did)
        except NetError as error:
            raise explained(error) from error
        found: dict[str, PublicKey] = {}
        for entry in reversed(entries):
            if not isinstance(entry.operation, plc.Tombstone):
                text = plc.state_of(entry.operation).verification_methods.get("atproto", "")
                try:
                    found.setdefault(text, PublicKey.from_did_key(text))
                except CryptoError:
                    continue  # one that nobody could have signed with
        return list(found.values())

    async def _present_keys(self, did: Did) -> list[PublicKey]:
        try:
            key = (await self._resolver.resolve(did, fresh=True)).signing_key
        except NetError as error:
            raise UpstreamFailure(f"Could not resolve DID: {did}") from error
        except IdentityError as error:
            raise InvalidRequest(f"The key in the DID document cannot be used: {error}") from error
        return [] if key is None else [key]


def _check_later(commit: ForeignCommit, owner: Account, head: Head) -> None:
    """Refuse to put what is older in the place of what the network reads: an old backup, or a stale copy of a host that
    was left. An account that is deactivated may be given anything, which is how one moves in, and goes back.
    """
    if owner.status is not None or head.data in (commit.data, EMPTY):
        return
    if commit.rev is None or commit.rev <= head.rev:
        raise InvalidRequest(
            f"The commit's rev {commit.rev or '(none)'} is not after the repository's, {head.rev}: to go back to what"
            " is older, deactivate the account, import, and activate it again"
        )


def _check_strays(spool: Spool) -> None:
    count, size = spool.strays()
    most = max(MOST_STRAY_BYTES, spool.size // 2)
    if size > most:
        raise InvalidRequest(
            f"The CAR holds {count} blocks, of {size} bytes, that its commit does not lead to; at most {most} bytes of"
            " such are passed over"
        )


def _commit(spool: Spool) -> ForeignCommit:
    """Return the commit that a whole CAR is about. Raises InvalidRequest."""
    try:
        roots = spool.finish()
    except DataError as error:
        raise InvalidRequest(f"The body is not a CAR that can be used: {error}") from error
    if len(roots) != 1:
        raise InvalidRequest(f"expected one root, not {len(roots)}")
    block = spool.get(roots[0])
    if block is None:
        raise InvalidRequest(f"The CAR does not hold its root {roots[0]}")
    try:
        return parse_foreign(block)
    except InvalidCommit as error:
        raise InvalidRequest(f"The CAR's root is not a commit: {error}") from error
