"""What an administrative status is of, as the wire has it: an account, a record or a blob."""

import msgspec

from roost.syntax import Did


class RepoRef(msgspec.Struct, frozen=True, tag_field="$type", tag="com.atproto.admin.defs#repoRef"):
    """An account."""

    did: Did


Subject = RepoRef
