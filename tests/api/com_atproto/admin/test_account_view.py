"""The account as its operator sees it."""

from roost.api.com_atproto.admin.account_view import account_view
from roost.services.admin import Profile
from roost.storage.accounts import Account
from roost.syntax import Did, Handle

DID = Did.parse("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa")


def test_times_are_datetimes_and_what_is_not_so_is_left_out() -> None:
    """Only what there is has a field: clients take null for a broken answer."""
    account = Account(1, DID, Handle.parse("alice.test"), None, None, None, 0, email_confirmed_at=1, deactivated_at=2)

    view = account_view(Profile(account, None, []))

    assert (view.indexed_at, view.email_confirmed_at, view.deactivated_at) == (
        "1970-01-01T00:00:00.000Z",
        "1970-01-01T00:00:00.001Z",
        "1970-01-01T00:00:00.002Z",
    )
    assert (view.email, view.invited_by, view.invites) == (None, None, [])
