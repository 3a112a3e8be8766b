"""com.atproto.admin.getSubjectStatus: whether something is taken down."""

import msgspec

from roost.api.com_atproto.admin.subject import RepoRef, Subject
from roost.api.method import Auth, Query
from roost.services.errors import InvalidRequest
from roost.services.subjects import Mark, Subjects
from roost.syntax import Did


class Params(msgspec.Struct, frozen=True):
    """Of what."""

    did: Did | None = None


class Output(msgspec.Struct, frozen=True, omit_defaults=True):
    """How it stands."""

    subject: Subject
    takedown: Mark | None = None
    deactivated: Mark | None = None


async def get_subject_status(subjects: Subjects, params: Params) -> Output:
    """Tell how a subject stands. Raises SubjectNotFound, InvalidRequest."""
    if params.did is None:
        raise InvalidRequest("No provided subject")
    status = await subjects.account(params.did)
    return Output(RepoRef(params.did), status.takedown, status.deactivated)


METHOD = Query("com.atproto.admin.getSubjectStatus", get_subject_status, auth=Auth.MODERATOR)
