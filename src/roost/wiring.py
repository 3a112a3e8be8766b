"""The services put together from the settings: each made once, with exactly what it needs, in the order of needing.

Methods get theirs by the classes that they name (`roost.api.registry`). It deliberately does not know what carries
requests, nor what opens the database.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from roost.config import Config, ConfigError
from roost.crypto import CryptoError
from roost.crypto.keys import PrivateKey, PublicKey
from roost.http.websocket import binary
from roost.lexicon import Catalog
from roost.net.client import Client
from roost.net.crawlers import Crawler
from roost.net.dns import txt_by
from roost.net.mail import DirectoryMailer, Mailer, NoMailer, SmtpMailer
from roost.net.plc import PlcDirectory
from roost.net.resolve import DidResolver, HandleResolver
from roost.outgoing import upstreams_of
from roost.services.account_status import AccountStatus
from roost.services.accounts import Accounts
from roost.services.activation import Activation
from roost.services.admin import Admin
from roost.services.app_passwords import AppPasswords
from roost.services.arrivals import Arrivals
from roost.services.audit import Audit
from roost.services.background import Background
from roost.services.blob_audit import BlobAudit
from roost.services.blobs import Blobs
from roost.services.blocked import BlockedWords
from roost.services.budget import Budget
from roost.services.clock import Minter
from roost.services.collecting import Collecting
from roost.services.crawlers import Crawlers
from roost.services.delegation import Delegation
from roost.services.deletion import Deletion
from roost.services.did_check import DidCheck
from roost.services.documents import Documents
from roost.services.earned_invites import EarnedInvites
from roost.services.email_changes import EmailChanges
from roost.services.exports import Exports
from roost.services.firehose import Firehose
from roost.services.handles import Handles
from roost.services.identity import Identity
from roost.services.identity_changes import IdentityChanges
from roost.services.imports import Imports
from roost.services.invites import Invites
from roost.services.key_rotation import KeyRotation
from roost.services.keyring import Keyring
from roost.services.lexicons import Lexicons
from roost.services.mail_tokens import MailTokens
from roost.services.newcomers import Newcomers
from roost.services.passwords import Passwords
from roost.services.plc_operations import PlcOperations
from roost.services.policy import Policy
from roost.services.preferences import Preferences
from roost.services.profiles import Profiles
from roost.services.reading import Reading
from roost.services.refresh import Refresh
from roost.services.registration import Registration
from roost.services.removals import Removals
from roost.services.replacing import Replacing
from roost.services.reports import Reports
from roost.services.repos import Repos
from roost.services.reserved_keys import ReservedKeys
from roost.services.retention import Retention
from roost.services.server_identity import ServerIdentity
from roost.services.service_auth import ServiceAuth
from roost.services.sessions import Sessions
from roost.services.signing_keys import SigningKeys
from roost.services.subjects import Subjects
from roost.services.takeover import Takeover
from roost.services.tokens import Tokens
from roost.services.upkeep import Upkeep
from roost.services.writes import Records
from roost.storage.db import Database
from roost.storage.objects import Objects
from roost.syntax import Did


@dataclass(frozen=True, slots=True)
class Parts:
    """What was opened from the settings, and what many services need of each other."""

    config: Config
    db: Database
    objects: Objects
    keyring: Keyring
    catalog: Catalog
    client: Client
    minter: Minter


async def services_of(parts: Parts) -> dict[type, object]:
    """Return every service by its class. Raises ConfigError for a setting that could not work."""
    config, db, keyring, minter = parts.config, parts.db, parts.keyring, parts.minter
    policy, background, passwords = _policy(config), Background(), Passwords()
    directory = PlcDirectory(parts.client, config.plc_url)
    documents = Documents(db, background, minter)
    resolver = DidResolver(parts.client, directory, clock=lambda: datetime.now(UTC), store=documents)
    tokens = Tokens(await keyring.secret(db, "jwt"), policy.did, lambda: minter.milliseconds() // 1000)
    rotation_key = PrivateKey.from_bytes(await keyring.secret(db, "plc-rotation-key"))
    app_passwords = AppPasswords(db, await keyring.secret(db, "app-passwords"), minter)
    sessions = Sessions(db, tokens, passwords, minter, app_passwords)
    collecting = Collecting(db, parts.objects, minter)
    repos = Repos(db, keyring, minter, collecting.nudge)
    mailer = _mailer(config)
    mail_tokens = MailTokens(db, policy, mailer, background, minter)
    budget = Budget(minter.milliseconds)
    service_auth = ServiceAuth(db, keyring, resolver, policy, budget, minter)
    removals = Removals(db, background)
    await removals.resume()
    accounts = Accounts(db, policy, passwords, repos, removals, mail_tokens, background, minter)
    did_check = DidCheck(policy, directory, resolver, repos, rotation_key=rotation_key.public.did_key)
    activation = Activation(db, did_check, minter)
    registration = Registration(
        db=db,
        policy=policy,
        passwords=passwords,
        keyring=keyring,
        rotation_key=rotation_key,
        directory=directory,
        resolver=resolver,
        repos=repos,
        sessions=sessions,
        minter=minter,
    )
    changes = IdentityChanges(db, policy, keyring, rotation_key, directory, resolver, repos, background, minter)
    made: tuple[object, ...] = (
        *(policy, background, resolver, sessions, repos, removals, mail_tokens, app_passwords, collecting),
        *(accounts, did_check, registration, service_auth, changes),
        Blobs(db, parts.objects, policy, collecting, minter),
        activation,
        Subjects(db, activation, minter),
        SigningKeys(db, keyring, changes, resolver),
        AccountStatus(db, did_check),
        Deletion(db, accounts, passwords, mail_tokens, did_check, minter),
        EmailChanges(db, mail_tokens, minter),
        Delegation(service_auth),
        upstreams_of(config, resolver, budget),
        Preferences(db, minter),
        Reports(db, minter),
        Admin(db, mailer),
        Imports(db, repos, resolver, minter),
        PlcOperations(db, policy, changes, repos, mail_tokens),
        ServerIdentity(policy, PrivateKey.from_bytes(await keyring.secret(db, "service-signing-key"))),
        *_alone(parts, policy),
        *await _arrivals(parts, policy, registration, changes, resolver, directory, documents, background, budget),
        *await _log(parts),
    )
    return {type(service): service for service in made}


def _alone(parts: Parts, policy: Policy) -> tuple[object, ...]:
    """Return the services that need no other."""
    db, minter = parts.db, parts.minter
    return (
        Records(parts.catalog, minter, policy.blocked),
        Profiles(db),
        Reading(db),
        Exports(db),
        BlobAudit(db, parts.objects),
        EarnedInvites(db, policy, minter),
        Invites(db, policy, minter),
        Audit(db, minter),
    )


async def _arrivals(
    parts: Parts,
    policy: Policy,
    registration: Registration,
    changes: IdentityChanges,
    resolver: DidResolver,
    directory: PlcDirectory,
    documents: Documents,
    background: Background,
    budget: Budget,
) -> tuple[object, ...]:
    """Return the services of names, and of those who come here with one."""
    config, db, keyring, minter = parts.config, parts.db, parts.keyring, parts.minter
    txt = txt_by(config.nameservers)
    handle_resolver = HandleResolver(parts.client, txt=txt)
    identity = Identity(db, policy, resolver, handle_resolver, budget)
    handles = Handles(db, policy, changes, resolver, handle_resolver, minter)
    upkeep = Upkeep(db, policy, changes, handles, resolver, handle_resolver, documents, minter)
    reserved = ReservedKeys(db, keyring, minter)
    replacing = Replacing(db, keyring, background, minter)
    await replacing.resume()
    return (
        *(identity, handles, upkeep, reserved),
        Lexicons(identity, Reading(db), parts.client, txt, budget, minter),
        KeyRotation(db, changes),
        Refresh(db, identity, upkeep, budget, minter),
        Newcomers(policy, registration, handles, handle_resolver, keyring, reserved),
        Takeover(db, keyring, parts.objects, background, minter),
        Arrivals(
            db=db,
            keyring=keyring,
            replacing=replacing,
            resolver=resolver,
            directory=directory,
            minter=minter,
            folder=config.data,
            limit=config.import_limit if config.accept_imports else None,
        ),
    )


async def _log(parts: Parts) -> tuple[object, ...]:
    """Return the services of the log of events, and of who reads it."""
    config, db, minter = parts.config, parts.db, parts.minter
    retention = Retention(db, minter, hours=config.event_retention)
    await retention.begin()
    firehose = Firehose(db, minter, wrap=binary)
    crawlers = [Crawler(parts.client, url) for url in config.crawlers]
    return firehose, retention, Crawlers(db, crawlers, firehose, minter, hostname=config.hostname)


def _policy(config: Config) -> Policy:
    return Policy(
        did=Did.parse(config.service_did),
        hostname=config.hostname,
        public_url=config.public_url,
        domains=tuple(domain.removeprefix(".") for domain in config.handle_domains),
        invite_required=config.invite_required,
        reset_url=f"{config.public_url}/account/reset-password",
        recovery_key=_recovery_key(config),
        blob_limit=config.blob_limit,
        blob_quota=config.blob_quota,
        privacy_policy=config.privacy_policy_url,
        terms_of_service=config.terms_of_service_url,
        contact_email=config.contact_email,
        did_doc_with_session=config.did_doc_with_session,
        invite_interval=config.invite_interval,
        invite_epoch=config.invite_epoch,
        blocked=BlockedWords.of(config.blocked_words),
    )


def _recovery_key(config: Config) -> str | None:
    """Return the operator's recovery key. Raises ConfigError for one that could not sign."""
    if config.recovery_key is None:
        return None
    try:
        return PublicKey.from_did_key(config.recovery_key).did_key
    except CryptoError as error:
        raise ConfigError(f"ROOST_RECOVERY_KEY is not a key that a PLC directory takes: {error}") from None


def _mailer(config: Config) -> Mailer:
    if config.smtp_url is not None:
        assert config.mail_from is not None, "the configuration insists on a sender"
        return SmtpMailer(config.smtp_url, sender=config.mail_from)
    if config.dev:
        return DirectoryMailer(config.data / "mail", sender=config.mail_from or f"noreply@{config.hostname}")
    return NoMailer()
