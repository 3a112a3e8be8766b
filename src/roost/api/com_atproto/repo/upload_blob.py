"""com.atproto.repo.uploadBlob: take in a file for a record to refer to."""

from collections.abc import AsyncIterator
from typing import Final

import msgspec

from roost.api import limits
from roost.api.method import Auth, Procedure
from roost.data.cid import Cid
from roost.services.blobs import Blobs
from roost.services.caller import Caller

BODY: Final = 104_857_600
"""Bytes of a blob unless the operator says otherwise: what the reference server's distribution for hosts sets."""


class Link(msgspec.Struct, frozen=True):
    """A CID as JSON has it."""

    cid: Cid = msgspec.field(name="$link")


class Blob(msgspec.Struct, frozen=True, rename="camel", tag_field="$type", tag="blob"):
    """The reference for a record to carry, as it stands."""

    ref: Link
    mime_type: str
    size: int


class Output(msgspec.Struct, frozen=True):
    """What was taken in."""

    blob: Blob


async def upload_blob(blobs: Blobs, caller: Caller, content_type: str, input: AsyncIterator[bytes]) -> Output:
    """Keep a blob for a while. A service that uploads for an account may do so with a service token.

    Raises BlobQuotaExceeded, InvalidRequest, AccountTakedown, TooManyRequests, UpstreamFailure.
    """
    made = await blobs.upload(caller.account, input, content_type)
    return Output(Blob(Link(made.cid), made.mime_type, made.size))


METHOD = Procedure(
    "com.atproto.repo.uploadBlob",
    upload_blob,
    auth=Auth.ACCESS_OR_SERVICE,
    body_limit=BODY,
    limits=limits.UPLOAD_BLOB,
)
