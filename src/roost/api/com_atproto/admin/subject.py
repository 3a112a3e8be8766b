"""What an administrative status is of, as the wire has it: an account, a record or a blob."""

import msgspec

from roost.data.cid import Cid
from roost.syntax import AtUri, Did


class RepoRef(msgspec.Struct, frozen=True, tag_field="$type", tag="com.atproto.admin.defs#repoRef"):
    """An account."""

    did: Did


class StrongRef(msgspec.Struct, frozen=True, tag_field="$type", tag="com.atproto.repo.strongRef"):
    """A record: what stands at that place, also when its CID has become another."""

    uri: AtUri
    cid: Cid


class RepoBlobRef(
    msgspec.Struct,
    frozen=True,
    rename="camel",
    omit_defaults=True,
    tag_field="$type",
    tag="com.atproto.admin.defs#repoBlobRef",
):
    """A blob of an account, and perhaps a record that refers to it."""

    did: Did
    cid: Cid
    record_uri: AtUri | None = None


Subject = RepoRef | StrongRef | RepoBlobRef
