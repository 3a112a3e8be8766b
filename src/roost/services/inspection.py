"""Judging a repository that comes as a CAR from anywhere: a backup, another server, or this one.

It reads on past what is damaged, because an owner wants to know all of it. It needs no database, so that a backup can
be judged on a machine that has nothing else.
"""

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from roost.crypto.errors import InvalidKey
from roost.crypto.keys import PublicKey
from roost.data import car
from roost.data.cid import Cid
from roost.data.errors import InvalidCar
from roost.identity.errors import IdentityError
from roost.net.errors import NetError
from roost.net.resolve import DidResolver
from roost.repo import commit as commits
from roost.repo.errors import InvalidCommit
from roost.repo.verify import Report, inspect
from roost.services.errors import InvalidRequest, UpstreamFailure
from roost.syntax import Did

__all__ = ["Backup", "Report", "endpoint", "key_from", "read", "signing_key"]

NO_LIMIT: Final = 2**62
"""Whoever asks for a judgement has chosen the file: what it may take is theirs to say."""


class Backup(msgspec.Struct, frozen=True):
    """What could be read of a CAR, and what is wrong with the file itself."""

    roots: tuple[Cid, ...]
    blocks: dict[Cid, bytes]
    damage: tuple[str, ...]

    @property
    def owner(self) -> Did | None:
        """Whose repository it says it is; None where no commit can be read."""
        block = self.blocks.get(self.roots[0]) if self.roots else None
        if block is None:
            return None
        try:
            return commits.parse(block).did
        except InvalidCommit:
            return None

    def judge(self, key: PublicKey | None) -> Report:
        """Return the report on the repository and on the file; `key` is its owner's signing key, if known."""
        problems = list(self.damage)
        if len(self.roots) > 1:
            problems.append(f"the file names {len(self.roots)} roots, not one; this is about the first")
        if not self.roots:
            if not problems:
                problems.append("the file names no root, so it is not a whole repository")
            return Report(None, 0, 0, 0, 0, {}, len(self.blocks), None, tuple(problems))
        report = inspect(self.roots[0], self.blocks, key)
        return msgspec.structs.replace(report, problems=(*problems, *report.problems))


def read(pieces: Iterable[bytes], *, on_block: Callable[[int], None] = lambda _size: None) -> Backup:
    """Read a CAR as far as it can be read, every hash checked; `on_block` is told the size of each good block."""
    damage: list[str] = []
    roots: tuple[Cid, ...] = ()
    blocks: dict[Cid, bytes] = {}
    try:
        roots, found = car.iter_blocks(
            pieces, max_blocks=NO_LIMIT, max_bytes=NO_LIMIT, mismatched=lambda error: damage.append(str(error))
        )
        for cid, block in found:
            blocks[cid] = block
            on_block(len(block))
    except InvalidCar as error:
        damage.append(f"{error}; nothing after that could be read")
    return Backup(roots, blocks, tuple(damage))


async def signing_key(resolver: DidResolver, did: Did) -> PublicKey:
    """Return the key that the DID's document names. Raises UpstreamFailure, InvalidRequest where it names none."""
    try:
        key = (await resolver.resolve(did, fresh=True)).signing_key
    except NetError as error:
        raise UpstreamFailure(f"the document of {did} could not be had: {error}") from error
    except IdentityError as error:
        raise InvalidRequest(f"the key in the document of {did} cannot be used: {error}") from error
    if key is None:
        raise InvalidRequest(f"the document of {did} names no #atproto key")
    return key


async def endpoint(resolver: DidResolver, did: Did) -> str | None:
    """Return the URL of the server that the DID leads to, None for nowhere. Raises UpstreamFailure."""
    try:
        return (await resolver.resolve(did, fresh=True)).pds_endpoint
    except NetError as error:
        raise UpstreamFailure(f"the document of {did} could not be had: {error}") from error


def key_from(text: str) -> PublicKey:
    """Return the key that a did:key names. Raises InvalidRequest."""
    try:
        return PublicKey.from_did_key(text)
    except InvalidKey as error:
        raise InvalidRequest(f"not a did:key of a signing key: {error}") from error
