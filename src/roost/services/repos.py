"""Writing to repositories: every write of either generation becomes a list of operations and takes the one path below.

The engine (`roost.repo`) and the storage never meet but here. Reading is in `roost.services.reading`.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from roost import repo
from roost.data.cid import Cid
from roost.repo import MAX_OPS, Base, Commit, CommitDraft, CrowdedNode, RepoOp
from roost.repo import commit as commits
from roost.repo.draft import Sign
from roost.services import events, indexes
from roost.services.asked import Asked, Plan, check_distinct, plan, sharing
from roost.services.clock import Minter
from roost.services.errors import (
    AccountDeactivated,
    AccountNotFound,
    AccountTakedown,
    InvalidRequest,
    ServiceError,
)
from roost.services.keyring import Keyring
from roost.services.references import Pointers
from roost.services.trees import Trees
from roost.services.writes import Removal, Write
from roost.storage import accounts, heads, nodes, records
from roost.storage.accounts import Account
from roost.storage.db import Database, Tx
from roost.storage.heads import Head
from roost.syntax import Did, Tid

__all__ = ["MAX_OPS", "Repos", "Written"]


class Written(msgspec.Struct, frozen=True):
    """The commit that a write made."""

    cid: Cid
    rev: Tid


class Repos:
    """Commits to repositories, one transaction each, however many share it on its way to the disk."""

    def __init__(
        self, db: Database, keyring: Keyring, minter: Minter, on_doomed: Callable[[], None] | None = None
    ) -> None:
        """`on_doomed` is called when a durable commit has left objects to be removed."""
        self._db = db
        self._keyring = keyring
        self._minter = minter
        self._trees = Trees()
        self._on_doomed = on_doomed

    async def write(
        self, account: int, writes: Sequence[Write | Removal], *, swap_commit: Cid | None = None
    ) -> Written | None:
        """Apply the writes in one commit; None if they change nothing, which makes no commit.

        It may hold what others ask at the same time as well (see `roost.services.asked`).

        Raises InvalidSwap, RecordAlreadyExists, InvalidRequest, BlobNotFound, InvalidMimeType, InvalidSize,
        AccountNotFound, AccountTakedown, AccountDeactivated.
        """
        if len(writes) > MAX_OPS:
            raise InvalidRequest(f"Too many writes. Max: {MAX_OPS}")
        check_distinct(writes)
        return await self._db.write_together(self._apply, account, Asked(writes, swap_commit))

    def _apply(self, tx: Tx, account: int, asked: Sequence[Asked]) -> list[Written | Exception | None]:
        """Make one commit of the first requests, as many as can share it. Raises what holds against all of them."""
        owner, head = _writable(tx, account), heads.get(tx, account)
        assert head is not None, "an account has a repository from its first transaction on"
        sharers = [
            Asked([*indexes.supplanted(tx, account, each.writes), *each.writes], each.swap_commit)
            for each in sharing(asked)
        ]
        base = self._trees.base(tx, account, head, [write.path.encode() for each in sharers for write in each.writes])
        plans = [_planned(tx, account, base, head.cid, each) for each in sharers]
        made = self._commit(tx, owner, head, base, [each for each in plans if isinstance(each, Plan)])
        return [each if isinstance(each, ServiceError) else made if each.ops else None for each in plans]

    def _commit(self, tx: Tx, owner: Account, head: Head, base: Base, plans: Sequence[Plan]) -> Written | None:
        ops = [op for each in plans for op in each.ops]
        if not ops:
            return None
        draft = self._draft(base, ops, self._signer(tx, owner, head))
        if not events.fits(draft):
            raise InvalidRequest(events.TOO_MUCH)
        json, pointers = dict[str, bytes](), dict[str, Pointers]()
        for each in plans:
            json |= each.json
            pointers |= each.pointers
        self.store(tx, owner.id, draft, json, pointers)
        return Written(draft.commit.cid, draft.commit.rev)

    def _signer(self, tx: Tx, owner: Account, head: Head | None) -> Sign:
        key = self._keyring.signing_key(tx, owner.id, owner.did, made_at=owner.signing_key_at)
        rev = self._minter.rev(None if head is None else head.rev)
        return lambda data: commits.sign(owner.did, data=data, rev=rev, key=key)

    def _draft(self, base: Base, ops: Sequence[RepoOp], sign: Sign) -> CommitDraft:
        try:
            return repo.draft(base, ops, sign)
        except CrowdedNode as error:
            raise InvalidRequest(f"The repository cannot take these record keys: {error}") from None

    def begin(self, tx: Tx, account: int, did: Did, *, told: bool = True) -> Commit:
        """Give an account whose row has just been added its empty repository, and tell of it if it is to be `told`."""
        owner = accounts.by_id(tx, account)
        assert owner is not None, "the account was added in this transaction"
        assert owner.did == did, "the repository begins under its account's DID"
        draft = repo.draft(repo.nothing(), [], self._signer(tx, owner, None))
        self.store(tx, account, draft, {}, told=told)
        return draft.commit

    def store(
        self,
        tx: Tx,
        account: int,
        draft: CommitDraft,
        json: Mapping[str, bytes],
        pointers: Mapping[str, Pointers] | None = None,
        *,
        told: bool = True,
    ) -> None:
        """Write a draft: nodes, records, head and event, and keep its tree; `json` holds the new records' JSON by
        path, `pointers` what those point to that point to anything.

        A blob that is pointed to need not be here: it is missing until it is uploaded.
        """
        made = draft.commit
        nodes.put_many(tx, account, made.rev, [(n.n, n.cid, n.block, n.kids) for n in draft.nodes])
        if draft.freed:
            nodes.delete_many(tx, account, draft.freed)
        if draft.records:
            rows = [(path, cid, block, json[path]) for path, cid, block in draft.records]
            records.put_many(tx, account, made.rev, rows)
        if changed := [op for op in draft.ops if op.action != "create"]:
            records.delete_many(tx, account, [op.path for op in changed if op.action == "delete"])
        if (changed or pointers) and indexes.keep(
            tx, account, made.rev, [op.path for op in changed], pointers or {}, now=self._minter.milliseconds()
        ):
            self._tell_doomed(tx)
        heads.put(tx, account, Head(made.cid, made.rev, made.data, made.block, draft.root.n, draft.next_n))
        if told:
            events.append_written(tx, account, draft, now=self._minter.milliseconds())
        self._trees.keep(tx, account, made.cid, draft.root, len(draft.nodes))

    def resign(self, tx: Tx, account: int) -> Commit:
        """Sign the repository as it is anew: a commit without operations, under a higher rev, and its event.

        It is for a signing key that was replaced in the same transaction, whatever the account's status.
        """
        owner, head = accounts.by_id(tx, account), heads.get(tx, account)
        assert owner is not None, "the account was read in this transaction"
        assert head is not None, "an account has a repository from its first transaction on"
        draft = self._draft(self._trees.base(tx, account, head, [b""]), [], self._signer(tx, owner, head))
        self.store(tx, account, draft, {})
        return draft.commit

    def _tell_doomed(self, tx: Tx) -> None:
        def settle(durable: bool) -> None:
            if durable and self._on_doomed is not None:
                self._on_doomed()

        tx.after(settle)

    async def signing_key(self, account: Account) -> str:
        """Return the did:key that the account's commits are signed with."""
        return await self._db.read(lambda tx: self._keyring.signing_key(tx, account.id, account.did).public.did_key)

    def base(self, tx: Tx, account: int, head: Head, keys: Sequence[bytes]) -> Base:
        """Return the repository's tree with the frontier of `keys` loaded."""
        return self._trees.base(tx, account, head, keys)

    def forget(self, tx: Tx, account: int, did: Did) -> None:
        """Take a repository away; what its rows leave is for `roost.services.removals`."""
        heads.delete(tx, account)
        self._trees.forget(account)
        self._keyring.forget(did)


def _writable(tx: Tx, account: int) -> Account:
    """Return the account if it may write. Raises AccountNotFound, AccountTakedown, AccountDeactivated."""
    owner = accounts.by_id(tx, account)
    if owner is None:
        raise AccountNotFound("Account not found")
    if owner.status == "takendown":
        raise AccountTakedown("Account has been taken down")
    if owner.status is not None:
        raise AccountDeactivated("Account is deactivated")
    return owner


def _planned(tx: Tx, account: int, base: Base, head: Cid, asked: Asked) -> Plan | ServiceError:
    """Return what the request comes to, or its refusal, which is nobody else's."""
    try:
        return plan(tx, account, base, head, asked)
    except ServiceError as refusal:
        return refusal
