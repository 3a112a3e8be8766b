"""What a method file declares."""

from roost.api.method import DEFAULT_BODY, FULL, STANDARD, TAKENDOWN, WRITE_BODY, Auth, Body, Procedure, Query
from roost.services.caller import Scope
from support.edge import nothing


def test_a_method_asks_for_nothing_unless_it_says_so() -> None:
    """The defaults are the strict ones but for the credentials, which each method has to name."""
    query, procedure = Query("a.b.c", nothing), Procedure("a.b.c", nothing)

    assert (query.auth, query.body, query.scopes) == (Auth.NONE, Body.AS_DECLARED, STANDARD)
    assert procedure.body_limit == DEFAULT_BODY == 153_600 < WRITE_BODY


def test_an_error_is_left_as_it_is() -> None:
    """Only another generation explains errors."""
    error = ValueError()

    assert Query("a.b.c", nothing).explain(error) is error


def test_no_scope_set_lets_refresh_tokens_in() -> None:
    """A refresh token is good for a new token and nothing else; a taken-down account's only where it is named."""
    assert FULL < STANDARD < TAKENDOWN
    assert Scope.REFRESH not in TAKENDOWN
    assert Scope.TAKENDOWN not in STANDARD
