"""Service tokens that were used, by a digest, until their time is over: each is good for one call."""

from typing import Final

from roost.storage.db import Tx

DROPPED: Final = 100
"""Rows whose time is over that are removed with each new one: more than one, so that they get fewer, and few enough
that nobody waits.
"""


def use(tx: Tx, token: bytes, *, until: int, now: int) -> bool:
    """Note that a token was used, and until when that must be remembered (in seconds since 1970); False if it was used
    before.
    """
    tx.run("DELETE FROM service_token WHERE id IN (SELECT id FROM service_token WHERE until < ? LIMIT ?)", now, DROPPED)
    return tx.run("INSERT INTO service_token (id, until) VALUES (?, ?) ON CONFLICT (id) DO NOTHING", token, until) > 0


def release(tx: Tx, token: bytes) -> None:
    """Let a token be used again."""
    tx.run("DELETE FROM service_token WHERE id = ?", token)
