"""Logs of operations: who may follow whom, and the 72 hours."""

from __future__ import annotations

import base64
import datetime as dt
from dataclasses import replace

import pytest

from roost.crypto import PrivateKey
from roost.data import cbor
from roost.identity import plc
from roost.identity.errors import (
    GenesisMismatch,
    InvalidLog,
    InvalidSignature,
    LateRecovery,
    MisorderedOperation,
    MissingPrev,
)
from roost.identity.plc.log import signer_of
from roost.identity.plc.operation import signature_bytes
from roost.syntax import Did

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
ELSEWHERE = Did.parse("did:plc:z72i7hdynmk6r22z27h6tvur")
# The order of the K-256 group: n - s is the other half of a signature.
K256_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


class Log:
    """A directory's log in memory, driven by the function under test."""

    def __init__(self, first: plc.Operation) -> None:
        self.did = plc.did_of(first)
        self.all: list[plc.Entry] = []
        self.add(first, 0)

    @property
    def live(self) -> list[plc.Entry]:
        """What has not been undone."""
        return [entry for entry in self.all if not entry.nullified]

    def add(self, operation: plc.AnyOperation, hours: float) -> None:
        """Let an operation join, so many hours after the start."""
        now = START + hours * HOUR
        undone = plc.judge_next(self.did, self.live, operation, now=now)
        self.all = [replace(entry, nullified=entry.nullified or entry.cid in undone) for entry in self.all]
        self.all.append(plc.Entry(operation, plc.cid_of(operation), now))


@pytest.fixture
def first(keys: list[PrivateKey], state: plc.State) -> plc.Operation:
    """alice.test's genesis."""
    return plc.genesis(state, keys[2])


def test_genesis_must_hash_to_the_did(first: plc.Operation) -> None:
    """Nobody can register an operation under a name that is not its own."""
    with pytest.raises(GenesisMismatch):
        plc.judge_next(ELSEWHERE, [], first, now=START)


def test_genesis_must_be_signed_by_a_key_it_names(state: plc.State) -> None:
    """A stranger's signature creates nothing."""
    foreign = plc.genesis(state, PrivateKey.from_bytes(b"\x08" * 32))

    with pytest.raises(InvalidSignature):
        plc.judge_next(plc.did_of(foreign), [], foreign, now=START)


def test_update_cannot_come_first(keys: list[PrivateKey], state: plc.State, first: plc.Operation) -> None:
    """An operation with a prev needs a log."""
    with pytest.raises(MissingPrev):
        plc.judge_next(ELSEWHERE, [], plc.update(first, state, keys[0]), now=START)


def test_genesis_cannot_come_twice(first: plc.Operation) -> None:
    """A registered DID is not created again."""
    with pytest.raises(MissingPrev):
        Log(first).add(first, 1)


def test_update_by_any_rotation_key(keys: list[PrivateKey], state: plc.State, first: plc.Operation) -> None:
    """Every key in the list may go on from the last operation, whichever curve it is of."""
    for key in keys:
        assert plc.judge_next(plc.did_of(first), Log(first).live, plc.update(first, state, key), now=START) == ()


def test_update_is_judged_by_the_keys_before_it(keys: list[PrivateKey], state: plc.State, first: plc.Operation) -> None:
    """An operation that names new keys must still be signed by an old one."""
    new = PrivateKey.from_bytes(b"\x09" * 32)

    with pytest.raises(InvalidSignature):
        Log(first).add(plc.update(first, state.with_rotation_keys(new.public.did_key), new), 1)


def test_prev_must_be_in_the_log(keys: list[PrivateKey], state: plc.State, first: plc.Operation) -> None:
    """An operation on top of something unknown is out of order."""
    other = plc.genesis(state.with_pds("https://other.test"), keys[0])

    with pytest.raises(MisorderedOperation):
        Log(first).add(plc.update(other, state, keys[0]), 1)


def test_stronger_key_undoes_within_72_hours(keys: list[PrivateKey], state: plc.State, first: plc.Operation) -> None:
    """A fork by a stronger key nullifies everything after the fork point, up to the last minute."""
    log = Log(first)
    theft = plc.update(first, state.with_pds("https://thief.test"), keys[2])
    more = plc.update(theft, state.with_pds("https://thief2.test"), keys[2])
    log.add(theft, 1)
    log.add(more, 2)

    log.add(plc.update(first, state, keys[1]), 73)

    assert [entry.nullified for entry in log.all] == [False, True, True, False]
    assert plc.validate_audit_log(log.did, log.all) == state


def test_72_hours_and_a_moment_are_too_late(keys: list[PrivateKey], state: plc.State, first: plc.Operation) -> None:
    """The window counts from the first operation that would be undone."""
    log = Log(first)
    log.add(plc.update(first, state, keys[2]), 1)

    with pytest.raises(LateRecovery):
        log.add(plc.update(first, state.with_pds("https://b.test"), keys[0]), 73.001)


@pytest.mark.parametrize("signer", [1, 2])
def test_only_a_stronger_key_undoes(
    signer: int, keys: list[PrivateKey], state: plc.State, first: plc.Operation
) -> None:
    """Neither the same key nor a weaker one may rewrite what a key did."""
    log = Log(first)
    log.add(plc.update(first, state, keys[1]), 1)

    with pytest.raises(InvalidSignature):
        log.add(plc.update(first, state.with_pds("https://b.test"), keys[signer]), 2)


def test_recovery_cannot_be_undone_by_the_key_it_beat(
    keys: list[PrivateKey], state: plc.State, first: plc.Operation
) -> None:
    """After a rewrite by the second key only the first is stronger."""
    log = Log(first)
    log.add(plc.update(first, state.with_pds("https://a.test"), keys[2]), 1)
    log.add(plc.update(first, state.with_pds("https://b.test"), keys[1]), 2)

    with pytest.raises(InvalidSignature):
        log.add(plc.update(first, state.with_pds("https://c.test"), keys[1]), 3)
    log.add(plc.update(first, state.with_pds("https://d.test"), keys[0]), 4)

    assert [entry.nullified for entry in log.all] == [False, True, True, False]


def test_nothing_builds_on_what_was_undone(keys: list[PrivateKey], state: plc.State, first: plc.Operation) -> None:
    """A nullified operation is no longer in the log."""
    log = Log(first)
    theft = plc.update(first, state, keys[2])
    log.add(theft, 1)
    log.add(plc.update(first, state.with_pds("https://b.test"), keys[0]), 2)

    with pytest.raises(MisorderedOperation):
        log.add(plc.update(theft, state, keys[0]), 3)


def test_tombstone_ends_a_log(keys: list[PrivateKey], state: plc.State, first: plc.Operation) -> None:
    """Nothing follows a tombstone, and a log that ends so has no state."""
    log = Log(first)
    end = plc.tombstone(first, keys[2])
    log.add(end, 1)
    after = plc.Operation(state, plc.cid_of(end), first.sig)

    assert plc.validate_log(log.did, [first, end]) == end
    with pytest.raises(MisorderedOperation):
        log.add(after, 2)
    with pytest.raises(MisorderedOperation):
        plc.validate_log(log.did, [first, end, after])


def test_tombstone_can_be_undone(keys: list[PrivateKey], state: plc.State, first: plc.Operation) -> None:
    """The 72 hours hold for the end of an identity too."""
    log = Log(first)
    log.add(plc.tombstone(first, keys[2]), 1)

    log.add(plc.update(first, state, keys[0]), 2)

    assert plc.validate_audit_log(log.did, log.all) == state


def test_log_replays_to_its_last_state(keys: list[PrivateKey], state: plc.State, first: plc.Operation) -> None:
    """A whole log amounts to what its last operation says."""
    moved = state.with_pds("https://other.test")
    second = plc.update(first, moved, keys[1])

    assert plc.validate_log(plc.did_of(first), [first, second]) == moved


def test_log_must_link(keys: list[PrivateKey], state: plc.State, first: plc.Operation) -> None:
    """A log with an operation missing is out of order."""
    second = plc.update(first, state, keys[0])
    third = plc.update(second, state.with_pds("https://b.test"), keys[0])

    with pytest.raises(MisorderedOperation):
        plc.validate_log(plc.did_of(first), [first, third])


def test_log_signatures_are_checked(keys: list[PrivateKey], state: plc.State, first: plc.Operation) -> None:
    """An operation with another's signature is refused."""
    second = replace(plc.update(first, state, keys[0]), sig=first.sig)

    with pytest.raises(InvalidSignature):
        plc.validate_log(plc.did_of(first), [first, second])


def test_empty_logs_are_refused() -> None:
    """No operations are no identity."""
    with pytest.raises(InvalidLog):
        plc.validate_log(ELSEWHERE, [])
    with pytest.raises(InvalidLog):
        plc.validate_audit_log(ELSEWHERE, [])


def test_old_logs_without_rotation_keys_stay_valid(keys: list[PrivateKey], state: plc.State) -> None:
    """A log may hold what no directory would accept today; it just cannot go on."""
    first = plc.genesis(state, keys[0])
    last = plc.update(first, state.with_rotation_keys(), keys[0])

    assert plc.validate_log(plc.did_of(first), [first, last]) == state.with_rotation_keys()


def test_legacy_genesis_is_followed_by_todays_operations(keys: list[PrivateKey], state: plc.State) -> None:
    """The oldest identities begin with a create and go on with plc_operations, signed by either of its keys."""
    unsigned = plc.LegacyCreate(keys[0].public.did_key, keys[1].public.did_key, "alice.test", "https://pds.test")
    created = replace(unsigned, sig=_sign(unsigned, keys[0]))

    assert plc.validate_log(plc.did_of(created), [created, plc.update(created, state, keys[1])]) == state


def test_high_s_signatures_are_refused(keys: list[PrivateKey], first: plc.Operation) -> None:
    """The other half of a valid signature would be a second operation with another CID."""
    raw = signature_bytes(first)
    flipped = raw[:32] + (K256_ORDER - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")
    malleated = replace(first, sig=base64.urlsafe_b64encode(flipped).decode().rstrip("="))

    with pytest.raises(InvalidSignature):
        signer_of([key.public.did_key for key in keys], malleated)


def test_audit_log_must_tell_the_truth_about_cids(first: plc.Operation) -> None:
    """A directory that names an operation wrongly is caught."""
    log = Log(first)
    wrong = replace(log.all[0], cid=plc.cid_of(replace(first, sig="")))

    with pytest.raises(InvalidLog, match="CID"):
        plc.validate_audit_log(log.did, [wrong])


def test_audit_log_must_tell_the_truth_about_nullified(
    keys: list[PrivateKey], state: plc.State, first: plc.Operation
) -> None:
    """A directory that hides or invents a nullification is caught."""
    log = Log(first)
    log.add(plc.update(first, state, keys[0]), 1)

    with pytest.raises(InvalidLog, match="nullified"):
        plc.validate_audit_log(log.did, [log.all[0], replace(log.all[1], nullified=True)])


def test_audit_log_times_must_grow(keys: list[PrivateKey], state: plc.State, first: plc.Operation) -> None:
    """Two operations at one time could not be told apart by the 72 hours."""
    log = Log(first)
    log.add(plc.update(first, state, keys[0]), 0)

    with pytest.raises(MisorderedOperation, match="times"):
        plc.validate_audit_log(log.did, log.all)


def _sign(operation: plc.LegacyCreate, key: PrivateKey) -> str:
    body = {name: value for name, value in plc.to_json(operation).items() if name != "sig"}
    return base64.urlsafe_b64encode(key.sign(cbor.encode(body))).decode().rstrip("=")
