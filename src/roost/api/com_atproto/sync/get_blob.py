"""com.atproto.sync.getBlob: a file that one of an account's records refers to."""

from typing import Final

import msgspec

from roost.api.method import TAKENDOWN, Auth, Content, Query
from roost.data.cid import Cid
from roost.services.blobs import Blobs
from roost.services.caller import Viewer
from roost.syntax import Did

SAFE: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; sandbox"),
)
"""What keeps a browser from taking anybody's file for a page of this server (spec section 1.3)."""


class Params(msgspec.Struct, frozen=True):
    """Whose, and which."""

    did: Did
    cid: Cid


async def get_blob(blobs: Blobs, caller: Viewer, params: Params) -> Content:
    """Read a blob. Raises BlobNotFound, RepoNotFound and its kin."""
    found = await blobs.get(params.did, params.cid, caller)
    name = str(found.cid)
    attachment = (b"content-disposition", f'attachment; filename="{name}"'.encode())
    return Content(found.mime_type, found.size, name, found.read, (*SAFE, attachment), found.public)


METHOD = Query("com.atproto.sync.getBlob", get_blob, auth=Auth.OPTIONAL, scopes=TAKENDOWN)
