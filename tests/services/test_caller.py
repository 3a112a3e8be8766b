"""Who is calling."""

from roost.api.method import FULL, STANDARD, TAKENDOWN
from roost.services.caller import Scope


def test_a_service_tokens_scope_lets_no_session_method_be_called() -> None:
    """Its holder may call the one method that the token names, and that method says so by its `auth`."""
    assert Scope.SERVICE not in TAKENDOWN | STANDARD | FULL


def test_scopes_are_the_words_of_the_protocol() -> None:
    """A scope is the text that stands in tokens, which other servers' clients compare too."""
    assert {scope.value for scope in Scope} == {
        "com.atproto.access",
        "com.atproto.appPass",
        "com.atproto.appPassPrivileged",
        "com.atproto.takendown",
        "com.atproto.refresh",
        "service",
    }
