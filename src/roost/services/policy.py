"""What the operator has decided about accounts here; made once from the configuration."""

import msgspec

from roost.syntax import Did


class Policy(msgspec.Struct, frozen=True):
    """The server's name and rules.

    `domains` are those under which handles are given out, without a leading dot; `hold_handle_days` is how long the
    handle of a deleted account stays nobody's. An account earns an invite code every `invite_interval` milliseconds,
    counted from `invite_epoch` on, or none where that is None. `did_doc_with_session` puts an account's DID document
    into the answers that are about its sessions. `blob_limit` is the largest blob that is taken, in bytes.
    """

    did: Did
    hostname: str
    public_url: str
    domains: tuple[str, ...]
    invite_required: bool
    reset_url: str
    resolve_foreign_handles: bool = False
    hold_handle_days: int = 30
    blob_limit: int = 100 * 1024 * 1024
    privacy_policy: str | None = None
    terms_of_service: str | None = None
    contact_email: str | None = None
    did_doc_with_session: bool = False
    invite_interval: int | None = None
    invite_epoch: int = 0
