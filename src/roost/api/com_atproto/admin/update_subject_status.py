"""com.atproto.admin.updateSubjectStatus: take down, restore, deactivate, activate."""

import msgspec

from roost.api.com_atproto.admin.subject import RepoBlobRef, RepoRef, StrongRef, Subject
from roost.api.method import Auth, Procedure
from roost.services.audit import Action
from roost.services.errors import InvalidRequest
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
    """Change how a subject stands. Raises UnknownAccount, SubjectNotFound, InvalidRequest, UpstreamFailure."""
    subject, takedown = input.subject, input.takedown
    if isinstance(subject, RepoRef):
        status = await subjects.set_account(
            subject.did, takedown=takedown, deactivated=input.deactivated, action=action
        )
        return Output(subject, status.takedown)
    if takedown is None or input.deactivated is not None:
        raise InvalidRequest("A record or a blob is taken down or restored, and nothing else")
    match subject:
        case StrongRef():
            return Output(subject, await subjects.set_record(subject.uri, takedown, action=action))
        case RepoBlobRef():
            return Output(subject, await subjects.set_blob(subject.did, subject.cid, takedown, action=action))


METHOD = Procedure("com.atproto.admin.updateSubjectStatus", update_subject_status, auth=Auth.MODERATOR)
