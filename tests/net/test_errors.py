"""The tree of net errors."""

from __future__ import annotations

from roost.net import errors


def test_everything_is_a_net_error() -> None:
    """One except clause is enough for a caller who can do without the answer."""
    tree = [errors.ForbiddenAddress, errors.TimedOut, errors.TooLarge, errors.Tombstoned, errors.MailNotSent]

    assert all(issubclass(error, errors.NetError) for error in tree)


def test_a_refusal_carries_the_directorys_words() -> None:
    """What the directory said can be handed on as it is."""
    assert errors.Refused("Invalid signature", 400).message == "Invalid signature"
