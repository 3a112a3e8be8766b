"""What the operator has decided about accounts here; made once from the configuration."""

import msgspec

from roost.identity.handle import service_domain_of
from roost.services.blocked import BlockedWords
from roost.syntax import Did, Handle


class Policy(msgspec.Struct, frozen=True):
    """The server's name and rules.

    `domains` are those under which handles are given out, without a leading dot; `hold_handle_days` is how long the
    handle that was given up stays nobody else's; `recovery_key` is the did:key with which the operator can take back a
    DID that was made here. `blob_limit` is how many bytes a blob may have, `blob_quota` how many all of an
    account's may have together. An account earns an invite code every `invite_interval` milliseconds, counted from
    `invite_epoch` on, or none where that is None. `did_doc_with_session` puts an account's DID document into the
    answers that are about its sessions. `blocked` are words that handles and record keys must not hold.
    """

    did: Did
    hostname: str
    public_url: str
    domains: tuple[str, ...]
    invite_required: bool
    reset_url: str
    resolve_foreign_handles: bool = False
    hold_handle_days: int = 30
    recovery_key: str | None = None
    blob_limit: int = 104_857_600
    blob_quota: int = 10_737_418_240
    privacy_policy: str | None = None
    terms_of_service: str | None = None
    contact_email: str | None = None
    did_doc_with_session: bool = False
    invite_interval: int | None = None
    invite_epoch: int = 0
    blocked: BlockedWords = BlockedWords()

    def is_ours(self, handle: Handle) -> bool:
        """Return whether the handle is under a domain of this server, so that only this server can give it out."""
        return service_domain_of(handle, self.domains) is not None
