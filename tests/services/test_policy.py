"""What the operator has decided."""

from support.house import policy_of


def test_what_is_not_decided_is_decided_carefully() -> None:
    """Unless told otherwise, nobody's request makes the server ask strangers, and a deleted account's handle rests."""
    policy = policy_of()

    assert policy.resolve_foreign_handles is False
    assert policy.hold_handle_days == 30
