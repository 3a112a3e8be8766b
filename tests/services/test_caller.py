"""Who is calling."""

from roost.services.caller import Scope


def test_scopes_are_the_words_of_the_protocol() -> None:
    """A scope is the text that stands in tokens, which other servers' clients compare too."""
    assert {scope.value for scope in Scope} == {
        "com.atproto.access",
        "com.atproto.appPass",
        "com.atproto.appPassPrivileged",
        "com.atproto.takendown",
        "com.atproto.refresh",
    }
