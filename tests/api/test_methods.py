"""The list of methods."""

from pathlib import Path

import roost.api.app_bsky
import roost.api.com_atproto
from roost.api.methods import METHODS, SUBSCRIPTIONS

HERE = [Path(next(iter(package.__path__))) for package in (roost.api.com_atproto, roost.api.app_bsky)]
PARTS = {"account_view", "commit_meta", "identity_info", "invite_view", "session_output", "subject"}
"""Modules that are parts of answers and no methods."""


def file_of(nsid: str) -> str:
    """Return where a method is, by its name: server.createSession is in server/create_session.py."""
    namespace, name = nsid.split(".")[-2:]
    return f"{namespace}/" + "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def test_every_method_file_is_in_the_list() -> None:
    """A method that is written is served, and stands where its name says."""
    files = {path.relative_to(here).with_suffix("").as_posix() for here in HERE for path in here.rglob("*.py")}

    served = {file_of(method.nsid) for method in (*METHODS, *SUBSCRIPTIONS)}

    assert served == {file for file in files if file.rpartition("/")[2] not in PARTS | {"__init__"}}


def test_the_list_is_in_order_and_without_repetition() -> None:
    """Whoever looks for a method finds it by its name."""
    nsids = [method.nsid for method in METHODS]

    assert nsids == sorted(set(nsids))
