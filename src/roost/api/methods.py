"""Every method that this server answers itself, in the order of their names; nothing is found by looking around."""

from typing import Final

from roost.api.com_atproto.identity import resolve_handle, update_handle
from roost.api.com_atproto.repo import (
    apply_writes,
    create_record,
    delete_record,
    describe_repo,
    get_record,
    import_repo,
    list_missing_blobs,
    list_records,
    put_record,
    upload_blob,
)
from roost.api.com_atproto.server import (
    create_account,
    create_invite_code,
    create_session,
    delete_session,
    describe_server,
    get_service_auth,
    get_session,
    refresh_session,
    request_password_reset,
    reset_password,
)
from roost.api.com_atproto.sync import (
    get_blob,
    get_blocks,
    get_checkout,
    get_head,
    get_latest_commit,
    get_repo,
    get_repo_status,
    list_blobs,
    list_repos,
    subscribe_repos,
)
from roost.api.com_atproto.sync import get_record as sync_get_record
from roost.api.method import Method, Subscription

METHODS: Final[tuple[Method, ...]] = (
    resolve_handle.METHOD,
    update_handle.METHOD,
    apply_writes.METHOD,
    create_record.METHOD,
    delete_record.METHOD,
    describe_repo.METHOD,
    get_record.METHOD,
    import_repo.METHOD,
    list_missing_blobs.METHOD,
    list_records.METHOD,
    put_record.METHOD,
    upload_blob.METHOD,
    create_account.METHOD,
    create_invite_code.METHOD,
    create_session.METHOD,
    delete_session.METHOD,
    describe_server.METHOD,
    get_service_auth.METHOD,
    get_session.METHOD,
    refresh_session.METHOD,
    request_password_reset.METHOD,
    reset_password.METHOD,
    get_blob.METHOD,
    get_blocks.METHOD,
    get_checkout.METHOD,
    get_head.METHOD,
    get_latest_commit.METHOD,
    sync_get_record.METHOD,
    get_repo.METHOD,
    get_repo_status.METHOD,
    list_blobs.METHOD,
    list_repos.METHOD,
)

SUBSCRIPTIONS: Final[tuple[Subscription, ...]] = (subscribe_repos.METHOD,)
