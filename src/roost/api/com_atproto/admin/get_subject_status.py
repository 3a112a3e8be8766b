"""com.atproto.admin.getSubjectStatus: whether something is taken down."""

import msgspec

from roost.api.com_atproto.admin.subject import RepoBlobRef, RepoRef, StrongRef, Subject
from roost.api.method import Auth, Query
from roost.data.cid import Cid
from roost.services.errors import InvalidRequest
from roost.services.subjects import Mark, Subjects
from roost.syntax import AtUri, Did


class Params(msgspec.Struct, frozen=True):
    """Of what: a blob, which needs its account's DID too; or a record; or an account."""

    did: Did | None = None
    uri: AtUri | None = None
    blob: Cid | None = None


class Output(msgspec.Struct, frozen=True, omit_defaults=True):
    """How it stands."""

    subject: Subject
    takedown: Mark
    deactivated: Mark | None = None


async def get_subject_status(subjects: Subjects, params: Params) -> Output:
    """Tell how a subject stands. Raises SubjectNotFound, InvalidRequest."""
    if params.blob is not None:
        if params.did is None:
            raise InvalidRequest("Must provide a did to request blob state")
        return Output(RepoBlobRef(params.did, params.blob), await subjects.blob(params.did, params.blob))
    if params.uri is not None:
        cid, takedown = await subjects.record(params.uri)
        return Output(StrongRef(params.uri, cid), takedown)
    if params.did is not None:
        status = await subjects.account(params.did)
        return Output(RepoRef(params.did), status.takedown, status.deactivated)
    raise InvalidRequest("No provided subject")


METHOD = Query("com.atproto.admin.getSubjectStatus", get_subject_status, auth=Auth.MODERATOR)
