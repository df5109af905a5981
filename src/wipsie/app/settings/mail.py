"""Settings of mail; the first four alone make two services of it, one that takes mail in and one that archives it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from wipsie.app.settings import parsers
from wipsie.app.settings.variable import Section, variable
from wipsie.kernel.limits import KIB, MIB

_DAY_S = 86_400
_NAME = r"(?!-)[^\s@,/:]{1,253}"
"""Of a domain or a server, in whatever letters."""


@dataclass(frozen=True, kw_only=True, repr=False)
class MailSection(Section):
    """Mail: where it goes, and who may send it."""

    queue_url: str = variable(
        "SQS_QUEUE_URL",
        parsers.queue_address,
        "",
        about="An Amazon SQS queue that is there already and takes the mail instead of Wipsie's own; it is never changed. Sets "
        "QUEUE_URL to the same service.",
        accepts="the URL of a queue such as https://sqs.us-west-1.amazonaws.com/123456789012/email",
    )
    bucket: str = variable(
        "S3_BUCKET_NAME",
        parsers.bucket,
        "",
        about="The bucket of the mail archive. Empty archives in BLOB_URL; without BLOB_URL, all other objects go there too.",
        accepts="the name of an S3 bucket",
    )
    token_parameter: str = variable(
        "SSM_TOKEN_PARAMETER",
        parsers.text,
        "",
        about="Parameter of AWS Systems Manager that holds the token of POST /api/email; the version labelled `previous` is good "
        "as well. Empty takes MAIL_TOKEN.",
        accepts="the name of a parameter such as /wipsie/prod/api/token",
    )
    poll_interval_s: float = variable(
        "SQS_POLL_INTERVAL",
        parsers.duration_s(0, 3600),
        30.0,
        written="30",
        about="Pause after the queue of SQS_QUEUE_URL gave nothing for the length of a long poll; 0 asks again at once.",
        accepts="seconds up to 1h such as 30 or 5s",
    )
    ssm_endpoint_url: str = variable(
        "AWS_ENDPOINT_URL_SSM",
        parsers.url("http", "https"),
        "",
        also=("AWS_ENDPOINT_URL",),
        about="Where Systems Manager is spoken when it is not Amazon's; AWS_ENDPOINT_URL is read when it is not set.",
        accepts="a URL such as http://127.0.0.1:5000",
    )
    token: str = variable(
        "MAIL_TOKEN",
        parsers.token,
        "",
        secret=True,
        about="The token of POST /api/email. Empty makes one in WIPSIE_DATA_DIR/secrets/mail.token; `wipsie mail token` prints it.",
        accepts="8 characters or more",
    )
    token_previous: str = variable(
        "MAIL_TOKEN_PREVIOUS",
        parsers.text,
        "",
        secret=True,
        about="A token that is still good while senders change to MAIL_TOKEN.",
        accepts="a text",
    )
    oldest_s: int = variable(
        "MAIL_OLDEST",
        parsers.day_start_s,
        946_684_800,
        written="2000-01-01",
        about="E-mails of POST /api/email from before this day (UTC) are refused.",
        accepts="a day such as 2000-01-01",
    )
    ahead_s: float = variable(
        "MAIL_AHEAD",
        parsers.duration_s(0, 366 * _DAY_S),
        300.0,
        written="300s",
        about="How far ahead of now the timestamp of an e-mail of POST /api/email may be.",
        accepts="a duration up to 366d such as 300s",
    )
    keep_unknown: bool = variable(
        "MAIL_KEEP_UNKNOWN_FIELDS",
        parsers.boolean,
        True,
        written="true",
        about="Archive further members of `data`; false refuses an e-mail that has some.",
        accepts="true or false",
    )

    trusted_servers: tuple[str, ...] = variable(
        "MAIL_TRUSTED_SERVERS",
        parsers.words_like(_NAME),
        (),
        written="",
        about="Mail servers of yours whose verdicts on spf, dkim and dmarc count: the names they write into Authentication-Results. "
        "Anybody may write such a header, so nobody else's counts.",
        accepts="a comma list of names such as mx.example.org",
    )
    check_signatures: bool = variable(
        "MAIL_CHECK_SIGNATURES",
        parsers.boolean,
        False,
        written="false",
        about="Check where mails come from, with records asked from DNS: their DKIM and ARC signatures, DMARC, and SPF for clients "
        "from outside that bring mail by SMTP.",
        accepts="true or false",
    )
    ses_buckets: tuple[str, ...] = variable(
        "MAIL_SES_BUCKETS",
        parsers.words_like(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"),
        (),
        written="",
        about="Buckets in which Amazon SES lays mails for us; mails are fetched from no others.",
        accepts="a comma list of bucket names",
    )

    sendgrid_public_key: str = variable(
        "MAIL_SENDGRID_PUBLIC_KEY",
        parsers.text,
        "",
        about="Public key of the security policy of SendGrid Inbound Parse; opens /webhook/mail/sendgrid. During a change of keys "
        "both, with a comma.",
        accepts="a key as SendGrid shows it, or a comma list of such",
    )
    sendgrid_password: str = variable(
        "MAIL_SENDGRID_PASSWORD",
        parsers.text,
        "",
        secret=True,
        about="Password in the URL that SendGrid posts to (https://any:PASSWORD@…); opens /webhook/mail/sendgrid, and is asked for "
        "beside a signature when there is a public key.",
        accepts="a text, or a comma list of such",
    )
    mailgun_signing_keys: tuple[str, ...] = variable(
        "MAIL_MAILGUN_SIGNING_KEYS",
        parsers.secrets,
        (),
        written="",
        secret=True,
        about="HTTP webhook signing key of Mailgun; opens /webhook/mail/mailgun and /webhook/mail/mailgun/mime.",
        accepts="a key, or a comma list of such",
    )
    postmark_user_password: str = variable(
        "MAIL_POSTMARK_USER_PASSWORD",
        parsers.text,
        "",
        secret=True,
        about="What stands before the @ in the URL that Postmark posts to; opens /webhook/mail/postmark.",
        accepts="user:password, or a comma list of such",
    )
    ses_topic_arns: tuple[str, ...] = variable(
        "MAIL_SES_TOPIC_ARNS",
        parsers.words_like(r"arn:[a-z0-9-]+:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]+"),
        (),
        written="",
        about="SNS topics to which the receipt rules of Amazon SES publish; opens /webhook/mail/ses.",
        accepts="a comma list of ARNs",
    )
    smtp_port: int | None = variable(
        "MAIL_SMTP_PORT",
        parsers.integer(0, 65535),
        None,
        written="",
        about="Port on which mail is taken by SMTP, where the API runs. Empty takes none, 0 a free one.",
        accepts="a whole number from 0 to 65535, such as 2525",
    )
    lmtp_port: int | None = variable(
        "MAIL_LMTP_PORT",
        parsers.integer(0, 65535),
        None,
        written="",
        about="The same by LMTP, from a mail server that delivers here.",
        accepts="a whole number from 0 to 65535, such as 2424",
    )
    door_host: str = variable(
        "MAIL_HOST",
        parsers.text,
        "127.0.0.1",
        about="Address on which SMTP and LMTP listen. One that others reach needs MAIL_DOMAINS or MAIL_REQUIRE_SIGN_IN.",
        accepts="an IP address or a host name",
    )
    hostname: str = variable(
        "MAIL_HOSTNAME",
        parsers.text,
        "localhost",
        about="What the SMTP server calls itself.",
        accepts="a host name such as mail.example.org",
    )
    domains: tuple[str, ...] = variable(
        "MAIL_DOMAINS",
        parsers.words_like(_NAME),
        (),
        written="",
        about="Domains whose mail is taken by SMTP and LMTP; all others are refused. Empty takes all.",
        accepts="a comma list of domains such as example.org,example.com",
    )
    size_bytes_max: int = variable(
        "MAIL_SIZE_BYTES_MAX",
        parsers.integer(64 * KIB, 128 * MIB),
        40 * MIB,
        about="Largest mail that is taken by SMTP and LMTP.",
        accepts="a whole number of bytes from 65536 to 134217728",
    )
    tls_certificate: Path | None = variable(  # noqa: RUF009 - makes a field
        "MAIL_TLS_CERTIFICATE",
        parsers.path,
        None,
        written="",
        about="Certificate for STARTTLS, with those that sign it; read at the start.",
        accepts="the path of a PEM file",
    )
    tls_key: Path | None = variable(  # noqa: RUF009 - makes a field
        "MAIL_TLS_KEY", parsers.path, None, written="", about="Its key.", accepts="the path of a PEM file"
    )
    require_tls: bool = variable(
        "MAIL_REQUIRE_TLS",
        parsers.boolean,
        False,
        written="false",
        about="Take no mail by SMTP that does not come encrypted.",
        accepts="true or false",
    )
    require_sign_in: bool = variable(
        "MAIL_REQUIRE_SIGN_IN",
        parsers.boolean,
        False,
        written="false",
        about="Take mail by SMTP only from who signs in: any user name, and an API key that may mail:send as the password.",
        accepts="true or false",
    )
    retention_s: float = variable(
        "MAIL_RETENTION",
        parsers.duration_s(_DAY_S, 100 * 366 * _DAY_S),
        0.0,
        written="",
        about="Time after which archived mails are erased; those that are held stay. Empty keeps them for ever.",
        accepts="a duration from 1d on, such as 3650d",
    )
    retention_count: int = variable(
        "MAIL_RETENTION_COUNT",
        parsers.integer(1, 1_000_000_000),
        0,
        written="",
        about="Keep only so many mails, those archived last. Empty keeps all.",
        accepts="a whole number from 1 on",
    )

    @property
    def queue_name(self) -> str:
        """Name of the queue SQS_QUEUE_URL names; empty without one."""
        return self.queue_url.rstrip("/").rpartition("/")[2]

    @property
    def queue_region(self) -> str | None:
        """Region of that queue where its address says so."""
        host = urlsplit(self.queue_url).hostname or ""
        parts = host.split(".")
        # sqs.us-west-1.amazonaws.com, and the older us-west-1.queue.amazonaws.com.
        if not host.endswith((".amazonaws.com", ".amazonaws.com.cn")):
            return None
        return parts[1] if parts[0] == "sqs" else parts[0]

    @property
    def queue_origin(self) -> str | None:
        """Where that queue is spoken to when it is not Amazon's."""
        if not self.queue_url or self.queue_region is not None:
            return None
        parts = urlsplit(self.queue_url)
        return f"{parts.scheme}://{parts.netloc}"
