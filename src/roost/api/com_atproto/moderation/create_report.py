"""com.atproto.moderation.createReport: tell the moderators; here where the settings name no service for that."""

from collections.abc import Mapping

import msgspec

from roost.api.method import TAKENDOWN, Auth, Procedure, Record
from roost.services.caller import Caller
from roost.services.reports import Reports
from roost.syntax import Datetime, Did
from roost.syntax.datetime import now_text


class Input(msgspec.Struct, frozen=True, rename="camel"):
    """Why, and what about: an account or a record. `modTool` says which program asked; nothing is done with it."""

    reason_type: str
    subject: Record
    reason: str | None = None
    mod_tool: Record | None = None


class Output(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The report as it was taken."""

    id: int
    reason_type: str
    subject: Mapping[str, object]
    reported_by: Did
    created_at: Datetime
    reason: str | None = None


async def create_report(reports: Reports, caller: Caller, input: Input) -> Output:
    """Keep a report. Raises InvalidRequest, TooManyRequests."""
    made = await reports.create(caller, reason_type=input.reason_type, reason=input.reason, subject=input.subject)
    return Output(made.id, made.reason_type, made.about, made.did, now_text(made.moment), made.reason)


METHOD = Procedure(
    "com.atproto.moderation.createReport", create_report, auth=Auth.ACCESS, scopes=TAKENDOWN, relayed=True
)
