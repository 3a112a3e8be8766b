"""What the operator has decided about accounts here; made once from the configuration."""

import msgspec

from roost.syntax import Did


class Policy(msgspec.Struct, frozen=True):
    """The server's name and rules.

    `domains` are those under which handles are given out, without a leading dot; `hold_handle_days` is how long the
    handle of a deleted account stays nobody's. `blob_limit` is how many bytes a blob may have, `blob_quota` how many
    all of an account's may have together.
    """

    did: Did
    hostname: str
    public_url: str
    domains: tuple[str, ...]
    invite_required: bool
    reset_url: str
    resolve_foreign_handles: bool = False
    hold_handle_days: int = 30
    blob_limit: int = 104_857_600
    blob_quota: int = 10_737_418_240
