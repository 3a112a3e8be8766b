"""did:plc: operations, what makes one acceptable, the log they form, and the document they amount to.

    operation   values; reading, encoding, signing, hashing
    rules       the limits an incoming operation must keep
    log         which operation may follow which; forks and the 72 hours
    document    a state as a DID document

Knows no clock, no directory and no storage: times come in with the log, and `net.plc` and `devnet.plc` talk.
"""

from roost.identity.plc.document import document_of
from roost.identity.plc.log import (
    RECOVERY_WINDOW,
    Entry,
    judge_genesis,
    judge_next,
    validate_audit_log,
    validate_log,
)
from roost.identity.plc.operation import (
    AnyOperation,
    LegacyCreate,
    Operation,
    Service,
    State,
    Tombstone,
    account_state,
    cid_of,
    did_of,
    encode,
    genesis,
    parse_operation,
    parse_state,
    prev_of,
    state_fields,
    state_of,
    to_json,
    tombstone,
    update,
)
from roost.identity.plc.rules import MAX_OPERATION_BYTES, validate_operation

__all__ = [
    "MAX_OPERATION_BYTES",
    "RECOVERY_WINDOW",
    "AnyOperation",
    "Entry",
    "LegacyCreate",
    "Operation",
    "Service",
    "State",
    "Tombstone",
    "account_state",
    "cid_of",
    "did_of",
    "document_of",
    "encode",
    "genesis",
    "judge_genesis",
    "judge_next",
    "parse_operation",
    "parse_state",
    "prev_of",
    "state_fields",
    "state_of",
    "to_json",
    "tombstone",
    "update",
    "validate_audit_log",
    "validate_log",
    "validate_operation",
]
