"""An invite code as answers tell of it."""

from roost.api.com_atproto.server.invite_view import InviteUse, invite_view
from roost.api.moment import moment
from roost.services.invites import Invite, Told, Use
from roost.syntax import Did

DID = Did.parse("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa")


def test_available_is_what_it_was_made_with() -> None:
    """As in the reference server; what is left of it is that without the uses."""
    view = invite_view(Told(Invite("pds-a-b", 5, 4, True, "admin", 0), [Use(DID, 1)]))

    assert (view.code, view.available, view.disabled, view.created_by) == ("pds-a-b", 5, True, "admin")
    assert view.uses == [InviteUse(DID, moment(1))]
