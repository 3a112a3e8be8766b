"""Whole repositories as they were fetched and sent in October 2022, holding what they hold today."""

from collections.abc import AsyncIterator

import msgspec

from roost.api import limits
from roost.api.method import Procedure, Query, Stream
from roost.api.v2022.errors import explain
from roost.data.cid import Cid
from roost.services.errors import InvalidRequest, UpstreamFailure
from roost.services.exports import Exports
from roost.services.imports import MAX_CAR_BYTES, Imports
from roost.services.reading import Reading
from roost.syntax import Did

CAR = "application/cbor"
"""The media type that 2022 gave a CAR."""


class GetRepoParams(msgspec.Struct, frozen=True, rename={"since": "from"}):
    """Which repository, and the commit from which on."""

    did: Did
    since: Cid | None = None


async def get_repo(exports: Exports, params: GetRepoParams) -> Stream:
    """Stream the current state, or what of it the state at an earlier commit did not have."""
    if params.since is None:
        return Stream(CAR, await exports.whole(params.did))
    return Stream(CAR, await exports.since_commit(params.did, params.since))


class GetRootParams(msgspec.Struct, frozen=True):
    """Which repository."""

    did: Did


class RootOutput(msgspec.Struct, frozen=True):
    """The CID of its current commit."""

    root: Cid


async def get_root(reading: Reading, params: GetRootParams) -> RootOutput:
    """Tell anybody where the repository stands; there was nobody who was told more."""
    return RootOutput((await reading.head(params.did)).cid)


class UpdateRepoParams(msgspec.Struct, frozen=True):
    """Which repository."""

    did: Did


async def update_repo(imports: Imports, params: UpdateRepoParams, input: AsyncIterator[bytes]) -> None:
    """Move a repository to a commit that its owner's key has signed: the signature is all the proof there is."""
    await imports.receive(params.did, input)


def explain_repo(error: Exception) -> Exception:
    """Say an error in the words of 2022, in which a missing repository was not a missing user."""
    return explain(error, missing="repo for DID")


def explain_root(error: Exception) -> Exception:
    """Do the same where its root was asked for."""
    return explain(error, missing="root for DID")


def explain_update(error: Exception) -> Exception:
    """Do the same for a commit; one whose signature cannot be judged is refused like one that does not hold."""
    return InvalidRequest(error.message) if isinstance(error, UpstreamFailure) else explain_repo(error)


METHODS = (
    Query("com.atproto.syncGetRepo", get_repo, explain=explain_repo, limits=limits.GET_REPO),
    Query("com.atproto.syncGetRoot", get_root, explain=explain_root),
    Procedure("com.atproto.syncUpdateRepo", update_repo, body_limit=MAX_CAR_BYTES, explain=explain_update),
)
