"""What an account may have done elsewhere; the rest is told over HTTP, in the tests of getServiceAuth."""

import pytest

from roost.services.caller import Caller, Scope
from roost.services.delegation import PROTECTED, allows, check_audience, is_protected
from roost.services.errors import InvalidRequest
from roost.syntax import Did, Handle


def caller(scope: Scope) -> Caller:
    """Return somebody with a token of that scope."""
    return Caller(1, Did.parse("did:web:a.test"), Handle.parse("a.test"), scope, None)


def test_what_rules_an_account_is_protected() -> None:
    """Sixteen methods, however they are spelled."""
    assert len(PROTECTED) == 16
    assert is_protected("com.atproto.identity.signPlcOperation")
    assert is_protected("COM.ATPROTO.identity.signplcoperation")
    assert not is_protected("com.atproto.repo.createRecord")


def test_a_scope_reaches_so_far() -> None:
    """Everything but messages and moving away for an app password; for an account that was taken down, only that."""
    nsids = ("app.bsky.feed.getTimeline", "chat.bsky.convo.newMethod", "com.atproto.server.createAccount")
    reach = {scope: tuple(allows(caller(scope), nsid) for nsid in nsids) for scope in Scope}

    assert reach[Scope.ACCESS] == reach[Scope.APP_PASS_PRIVILEGED] == (True, True, True)
    assert reach[Scope.APP_PASS] == (True, False, False)
    assert reach[Scope.TAKENDOWN] == (False, False, True)


def test_an_audience_is_bounded_by_its_did() -> None:
    """A name that is nobody's cannot be an audience, whatever stands behind it."""
    check_audience("did:web:a.test#b")
    with pytest.raises(InvalidRequest):
        check_audience("did:web:a.test#b#c")
