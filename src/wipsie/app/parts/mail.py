"""Puts the slice mail together."""

from __future__ import annotations

from wipsie.app.mail_token import local_tokens
from wipsie.app.objects import build_bucket, build_mail_blobs
from wipsie.app.parts.parts import Parts
from wipsie.app.settings import Settings
from wipsie.slices.mail.archiving import ArchiveSettings
from wipsie.slices.mail.doors.smtp.settings import MailDoorSettings
from wipsie.slices.mail.doors.webhooks.settings import WebhookSettings
from wipsie.slices.mail.routes.email import LetterRules
from wipsie.slices.mail.service.erasing import Retention
from wipsie.slices.mail.slice import MailSettings, build
from wipsie.slices.manifest import Slice


def mail_slice(parts: Parts) -> Slice:
    """The slice over the parts that all share."""
    settings = parts.settings
    chosen = settings.mail
    return build(
        MailSettings(
            token_parameter=chosen.token_parameter,
            region=settings.queue.region,
            ssm_endpoint_url=chosen.ssm_endpoint_url or None,
            work_path=settings.data_dir / "work" / "mail",
            archive=mail_archive_settings(settings),
            door=mail_door_settings(settings),
            webhooks=WebhookSettings(
                sendgrid_public_key=chosen.sendgrid_public_key,
                sendgrid_password=chosen.sendgrid_password,
                mailgun_signing_keys=chosen.mailgun_signing_keys,
                postmark_user_password=chosen.postmark_user_password,
                ses_topic_arns=chosen.ses_topic_arns,
            ),
            retention=Retention(age_s=chosen.retention_s or None, count=chosen.retention_count or None),
            letters=LetterRules(oldest_s=chosen.oldest_s, ahead_s=chosen.ahead_s, keep_unknown=chosen.keep_unknown),
        ),
        engine=parts.engine,
        registry=parts.registry,
        database=parts.database,
        blobs=build_mail_blobs(settings, parts.blobs),
        open_bucket=lambda name: build_bucket(settings, name),
        clock=parts.clock,
        metrics=parts.metrics,
        local_tokens=lambda: local_tokens(settings),
        lists=parts.lists,
        shared=parts.shared,
        authenticate=parts.accounts.authenticator.authenticate,
    )


def mail_archive_settings(settings: Settings) -> ArchiveSettings:
    """The settings of archiving, for the slice and for commands that archive."""
    chosen = settings.mail
    return ArchiveSettings(
        trusted_servers=frozenset(chosen.trusted_servers),
        check_signatures=chosen.check_signatures,
        ses_buckets=frozenset(chosen.ses_buckets),
    )


def mail_door_settings(settings: Settings) -> MailDoorSettings | None:
    """The settings of SMTP and LMTP; None where neither has a port. ConfigurationError for a door that nobody could use, or that
    anybody could."""
    chosen = settings.mail
    if chosen.smtp_port is None and chosen.lmtp_port is None:
        return None
    return MailDoorSettings(
        host=chosen.door_host,
        smtp_port=chosen.smtp_port,
        lmtp_port=chosen.lmtp_port,
        hostname=chosen.hostname,
        domains=frozenset(chosen.domains),
        size_bytes_max=chosen.size_bytes_max,
        tls_certificate=chosen.tls_certificate,
        tls_key=chosen.tls_key,
        require_tls=chosen.require_tls,
        require_sign_in=chosen.require_sign_in,
        spool=settings.data_dir / "work" / "smtp",
    )
