"""Every method that this server answers itself, in the order of their names; nothing is found by looking around."""

from typing import Final

from roost.api.com_atproto.identity import (
    get_recommended_did_credentials,
    refresh_identity,
    request_plc_operation_signature,
    resolve_did,
    resolve_handle,
    resolve_identity,
    sign_plc_operation,
    submit_plc_operation,
    update_handle,
)
from roost.api.com_atproto.repo import (
    apply_writes,
    create_record,
    delete_record,
    describe_repo,
    get_record,
    list_records,
    put_record,
)
from roost.api.com_atproto.server import (
    create_account,
    create_invite_code,
    create_session,
    delete_session,
    describe_server,
    get_session,
    refresh_session,
    request_password_reset,
    reset_password,
)
from roost.api.com_atproto.sync import get_latest_commit, get_repo
from roost.api.method import Method

METHODS: Final[tuple[Method, ...]] = (
    get_recommended_did_credentials.METHOD,
    refresh_identity.METHOD,
    request_plc_operation_signature.METHOD,
    resolve_did.METHOD,
    resolve_handle.METHOD,
    resolve_identity.METHOD,
    sign_plc_operation.METHOD,
    submit_plc_operation.METHOD,
    update_handle.METHOD,
    apply_writes.METHOD,
    create_record.METHOD,
    delete_record.METHOD,
    describe_repo.METHOD,
    get_record.METHOD,
    list_records.METHOD,
    put_record.METHOD,
    create_account.METHOD,
    create_invite_code.METHOD,
    create_session.METHOD,
    delete_session.METHOD,
    describe_server.METHOD,
    get_session.METHOD,
    refresh_session.METHOD,
    request_password_reset.METHOD,
    reset_password.METHOD,
    get_latest_commit.METHOD,
    get_repo.METHOD,
)
