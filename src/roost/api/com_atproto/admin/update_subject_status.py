"""com.atproto.admin.updateSubjectStatus: take down, restore, deactivate."""

import msgspec

from roost.api.com_atproto.admin.subject import Subject
from roost.api.method import Auth, Procedure
from roost.services.audit import Action
from roost.services.subjects import Mark, Subjects


class Input(msgspec.Struct, frozen=True):
    """What, and how it shall stand; what is left out stays as it is."""

    subject: Subject
    takedown: Mark | None = None
    deactivated: Mark | None = None


class Output(msgspec.Struct, frozen=True):
    """How it stands."""

    subject: Subject
    takedown: Mark


async def update_subject_status(subjects: Subjects, action: Action, input: Input) -> Output:
    """Change how a subject stands. Raises UnknownAccount, InvalidRequest."""
    status = await subjects.set_account(
        input.subject.did, takedown=input.takedown, deactivated=input.deactivated, action=action
    )
    return Output(input.subject, status.takedown)


METHOD = Procedure("com.atproto.admin.updateSubjectStatus", update_subject_status, auth=Auth.MODERATOR)
