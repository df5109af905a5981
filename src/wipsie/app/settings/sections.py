"""The settings of each room, with the variables of the seeds where they have one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wipsie.app.settings import parsers
from wipsie.app.settings.variable import Section, variable
from wipsie.kernel.limits import MIB

ROLES = ("api", "worker", "scheduler")
SLICES = ("tasks", "asyncops", "mail", "vault")


@dataclass(frozen=True, kw_only=True, repr=False)
class InstanceSection(Section):
    """What this process is."""

    data_dir: Path = variable(  # noqa: RUF009 - makes a field
        "WIPSIE_DATA_DIR",
        parsers.path,
        Path(".wipsie"),
        written="./.wipsie",
        about="Folder of everything Wipsie keeps on this machine: queue, database, objects, mailbox.",
        accepts="a path",
    )
    roles: tuple[str, ...] = variable(
        "WIPSIE_ROLES",
        parsers.words(*ROLES),
        ROLES,
        written=",".join(ROLES),
        about="What `wipsie up` runs in this process.",
        accepts=f"a comma list of {', '.join(ROLES)}",
    )
    slices: tuple[str, ...] = variable(
        "WIPSIE_SLICES",
        parsers.words(*SLICES),
        SLICES,
        written=",".join(SLICES),
        about="The parts of Wipsie this process serves.",
        accepts=f"a comma list of {', '.join(SLICES)}",
    )


@dataclass(frozen=True, kw_only=True, repr=False)
class QueueSection(Section):
    """Where messages are kept."""

    url: str = variable(
        "QUEUE_URL",
        parsers.url("sqlite", "postgresql", "postgres", "redis", "rediss", "sqs"),
        "",
        written="sqlite:///WIPSIE_DATA_DIR/queue.db",
        about="Where the queues are kept.",
        accepts="a URL such as sqlite:////absolute/path/queue.db, postgresql://user:password@host/name, "
        "redis://host:6379/0 or sqs://us-east-1",
    )
    synchronous: str = variable(
        "QUEUE_SYNCHRONOUS",
        parsers.one_of("full", "normal"),
        "full",
        about="SQLite: full keeps every accepted message over a power cut, normal only over the death of processes.",
        accepts="full or normal",
    )
    prefix: str = variable(
        "SQS_QUEUE_PREFIX",
        parsers.queue_prefix,
        "wipsie-",
        about="What stored queue names begin with: data_polling is kept as wipsie-data-polling.",
        accepts="up to 40 letters, digits, '-' and '_'",
    )
    region: str = variable(
        "AWS_REGION",
        parsers.text,
        "us-east-1",
        also=("AWS_DEFAULT_REGION",),
        about="Region shown by GET /sqs/queues, and the one of Amazon SQS where QUEUE_URL names none.",
        accepts="the name of an AWS region",
    )
    endpoint_url: str = variable(
        "AWS_ENDPOINT_URL_SQS",
        parsers.url("http", "https"),
        "",
        also=("AWS_ENDPOINT_URL",),
        about="Where SQS is spoken when it is not Amazon's; AWS_ENDPOINT_URL is read when it is not set.",
        accepts="a URL such as http://127.0.0.1:5000",
    )


@dataclass(frozen=True, kw_only=True, repr=False)
class DatabaseSection(Section):
    """Where results, schedules and the outbox are kept."""

    url: str = variable(
        "DATABASE_URL",
        parsers.url("sqlite", "sqlite+aiosqlite", "postgresql", "postgres", "postgresql+asyncpg"),
        "",
        written="sqlite:///WIPSIE_DATA_DIR/wipsie.db",
        about="Where results, schedules and the outbox are kept.",
        accepts="a URL such as sqlite:////absolute/path/wipsie.db or postgresql://user:password@host/name",
    )
    pool_size: int = variable(
        "DATABASE_POOL_SIZE",
        parsers.integer(1, 1000),
        10,
        about="Database connections kept open.",
        accepts="a whole number from 1 to 1000",
    )
    max_overflow: int = variable(
        "DATABASE_MAX_OVERFLOW",
        parsers.integer(0, 1000),
        20,
        about="Further connections under load.",
        accepts="a whole number from 0 to 1000",
    )


@dataclass(frozen=True, kw_only=True, repr=False)
class SharedSection(Section):
    """Where processes keep the small values they share."""

    redis_url: str = variable(
        "REDIS_URL",
        parsers.url("redis", "rediss"),
        "",
        about="Redis for what all processes share: rate limits, sessions, cached values. Empty keeps them in the database.",
        accepts="a URL such as redis://user:password@host:6379/0",
    )


@dataclass(frozen=True, kw_only=True, repr=False)
class BlobSection(Section):
    """Where objects are kept."""

    url: str = variable(
        "BLOB_URL",
        parsers.url("file", "s3"),
        "",
        written="file://WIPSIE_DATA_DIR/blobs",
        about="Where objects (fetched files, large results) are kept.",
        accepts="a URL such as file:///absolute/path or s3://bucket/prefix",
    )
    endpoint_url: str = variable(
        "AWS_ENDPOINT_URL_S3",
        parsers.url("http", "https"),
        "",
        also=("AWS_ENDPOINT_URL",),
        about="Where S3 is spoken when it is not Amazon's; AWS_ENDPOINT_URL is read when it is not set.",
        accepts="a URL such as http://127.0.0.1:9000",
    )
    encryption: str = variable(
        "S3_SERVER_SIDE_ENCRYPTION",
        parsers.one_of("AES256", "aws:kms", "aws:kms:dsse"),
        "",
        about="How S3 is asked to encrypt each object. Empty leaves it to the bucket, which on Amazon encrypts by itself.",
        accepts="AES256, aws:kms or aws:kms:dsse",
    )


@dataclass(frozen=True, kw_only=True, repr=False)
class ApiSection(Section):
    """The HTTP server."""

    host: str = variable(
        "API_HOST",
        parsers.text,
        "127.0.0.1",
        about="Address the API listens on.",
        accepts="an IP address or a host name",
    )
    port: int = variable(
        "API_PORT",
        parsers.integer(0, 65535),
        8000,
        also=("PORT",),
        about="Port the API listens on; PORT is read when API_PORT is not set; 0 takes a free one.",
        accepts="a whole number from 0 to 65535",
    )
    public_url: str = variable(
        "PUBLIC_URL",
        parsers.origin,
        "",
        about="What people type to reach this Wipsie; links in mail begin with it. With https, browsers send the session over "
        "https alone. Empty takes the address the API listens on.",
        accepts="a URL without a path such as https://wipsie.example.org",
    )
    allowed_hosts: tuple[str, ...] = variable(
        "API_ALLOWED_HOSTS",
        parsers.words(),
        (),
        written="",
        about="Names the API answers to beside loopback names and PUBLIC_URL. Empty: on loopback no others, on an address other "
        "machines reach any.",
        accepts="a comma list of host names such as wipsie.example.org or *.example.org",
    )
    reload: bool = variable(
        "API_RELOAD",
        parsers.boolean,
        False,
        written="false",
        about="Start again when Wipsie's own source changes; for developing Wipsie.",
        accepts="true or false",
    )
    cors_origins: tuple[str, ...] = variable(
        "CORS_ORIGINS",
        parsers.text_list,
        ("http://localhost:4200",),
        written='["http://localhost:4200"]',
        about="Web pages that may call the API from a browser.",
        accepts='a JSON list of origins such as ["http://localhost:4200"]',
    )


@dataclass(frozen=True, kw_only=True, repr=False)
class SqsEndpointSection(Section):
    """Amazon SQS for its clients."""

    port: int | None = variable(
        "SQS_ENDPOINT_PORT",
        parsers.integer(0, 65535),
        None,
        written="",
        about="A port where Amazon SQS is served alone, on API_HOST, beside the port of the API, where it is served in any case. "
        "Empty: none; 0 takes a free one.",
        accepts="a whole number from 0 to 65535",
    )
    signatures: str = variable(
        "SQS_ENDPOINT_SIGNATURES",
        parsers.one_of("auto", "required"),
        "auto",
        about="Whether clients of Amazon SQS have to sign with a key of `wipsie keys create --sqs`: auto, where other machines reach "
        "Wipsie, or a proxy does for them; required, on loopback too.",
        accepts="auto or required",
    )
    strict: bool = variable(
        "SQS_ENDPOINT_STRICT",
        parsers.boolean,
        False,
        written="false",
        about="Lock what Amazon SQS locks: a purge or a new queue of the same name within 60 seconds, more than 120,000 messages in "
        "flight, a visibility of more than 12 hours in all, and the extensions of Wipsie.",
        accepts="true or false",
    )


@dataclass(frozen=True, kw_only=True, repr=False)
class WorkerSection(Section):
    """How handlers are run."""

    concurrency: int = variable(
        "WORKER_CONCURRENCY",
        parsers.integer(1, 10_000),
        16,
        about="Handlers running at the same time, per queue; of mail four times as many, which wait for the disk.",
        accepts="a whole number from 1 to 10000",
    )
    processes: int = variable(
        "WORKER_PROCESSES",
        parsers.process_count,
        1,
        about="Worker processes that `wipsie worker` starts; auto takes one per core.",
        accepts="auto, or a whole number from 1 to 256",
    )
    queues: tuple[str, ...] = variable(
        "WORKER_QUEUES",
        parsers.words(),
        (),
        written="",
        about="Queues the worker serves; empty for all.",
        accepts="a comma list of queue names such as default,notifications",
    )
    drain_deadline_s: float = variable(
        "WORKER_DRAIN_DEADLINE",
        parsers.duration_s(0, 3600),
        20.0,
        written="20s",
        about="How long running handlers may go on after SIGTERM; then their messages go back to the queue.",
        accepts="a duration up to 1h such as 20s or 2m",
    )
    celery_broker_url: str = variable(
        "CELERY_BROKER_URL",
        parsers.celery_broker,
        "",
        about="Where `celery -A wipsie.celery_worker` finds the queues of QUEUE_URL behind an endpoint for SQS. Empty, or sqs:// "
        "alone: Amazon where QUEUE_URL begins with sqs://, else AWS_ENDPOINT_URL_SQS, else the API of this machine.",
        accepts="sqs://, sqs://host:port or sqs://key:secret@host:port",
    )
    cpu_processes: int = variable(
        "WORKER_CPU_PROCESSES",
        parsers.integer(0, 256),
        0,
        about="Processes for CPU-heavy work, started when first needed; 0 takes one per core.",
        accepts="a whole number from 0 to 256",
    )
    metrics_port: int | None = variable(
        "METRICS_PORT",
        parsers.integer(0, 65535),
        None,
        written="",
        about="Port of /metrics and /health of a worker that runs without the API, on API_HOST. Empty takes 9090 if it is free; "
        "of several worker processes the first takes this port, the others the next ones; 0 takes free ones.",
        accepts="a whole number from 0 to 65535",
    )
    run_retention_s: float = variable(
        "TASK_RUNS_RETENTION",
        parsers.duration_s(3600, 10 * 366 * 86400),
        30 * 86400.0,
        written="30d",
        about="How long results of finished tasks are kept.",
        accepts="a duration from 1h on, such as 30d",
    )


@dataclass(frozen=True, kw_only=True, repr=False)
class LoggingSection(Section):
    """What is logged, how and where to."""

    level: str = variable(
        "LOG_LEVEL",
        parsers.one_of("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", upper=True),
        "INFO",
        about="The least important lines that are logged.",
        accepts="DEBUG, INFO, WARNING, ERROR or CRITICAL",
    )
    format: str | None = variable(
        "LOG_FORMAT",
        parsers.one_of("json", "console"),
        None,
        written="",
        about="json for machines, console for people; empty takes console on a terminal and json elsewhere.",
        accepts="json or console",
    )
    file: Path | None = variable(  # noqa: RUF009 - makes a field
        "LOG_FILE",
        parsers.path,
        None,
        written="",
        about="File the log is appended to; empty for stderr.",
        accepts="a path",
    )

    requests: bool = variable(
        "LOG_REQUESTS",
        parsers.boolean,
        False,
        written="false",
        about="Log every request; failed ones are logged in any case.",
        accepts="true or false",
    )


@dataclass(frozen=True, kw_only=True, repr=False)
class SecuritySection(Section):
    """Secrets of this installation."""

    secret_keys: tuple[str, ...] = variable(
        "SECRET_KEY",
        parsers.secrets,
        (),
        written="",
        secret=True,
        about="Signs session tokens and cursors, and peppers passwords; all processes of one database need the same. Empty makes "
        "one in WIPSIE_DATA_DIR/secrets/secret.key. After a change: the new one, then the old ones.",
        accepts="32 random characters or more (openssl rand -hex 32), or a comma list of such",
    )
    registration: str = variable(
        "REGISTRATION",
        parsers.one_of("closed", "invited", "open"),
        "invited",
        about="Who gets an account: closed, whom an admin makes one; invited, also whom a lead or an admin invites; open, whoever "
        "asks, as a member.",
        accepts="closed, invited or open",
    )
    audit_keys: tuple[str, ...] = variable(
        "AUDIT_KEY",
        parsers.hex_keys(32),
        (),
        written="",
        secret=True,
        about="Seals the audit log; all processes of one database need the same. Empty makes one in "
        "WIPSIE_DATA_DIR/secrets/audit.key. After a change of keys: the new one, then the old ones.",
        accepts="64 hex digits or more (openssl rand -hex 32), or a comma list of such",
    )


@dataclass(frozen=True, kw_only=True, repr=False)
class TasksSection(Section):
    """Data polling and notifications."""

    smtp_url: str = variable(
        "SMTP_URL",
        parsers.url("smtp", "smtps"),
        "",
        about="Mail server; empty puts mail into the folder WIPSIE_DATA_DIR/mailbox.",
        accepts="a URL such as smtp://user:password@mail.example.org:587",
    )
    mail_from: str = variable(
        "MAIL_FROM",
        parsers.text,
        "wipsie@localhost",
        about="Sender of e-mail notifications.",
        accepts="an e-mail address",
    )
    allow_private_networks: bool = variable(
        "POLLING_ALLOW_PRIVATE_NETWORKS",
        parsers.boolean,
        False,
        written="false",
        about="Let messages make Wipsie fetch from private, loopback and link-local addresses.",
        accepts="true or false",
    )
    allowed_hosts: tuple[str, ...] = variable(
        "POLLING_ALLOWED_HOSTS",
        parsers.words(),
        (),
        written="",
        about="Hosts that may be fetched from although their address is private.",
        accepts="a comma list of host names or addresses",
    )
    s3_buckets: tuple[str, ...] = variable(
        "POLLING_S3_BUCKETS",
        parsers.words(),
        (),
        written="",
        about="Buckets whose objects may be polled as s3://bucket/key, with the rights Wipsie itself has.",
        accepts="a comma list of bucket names",
    )
    polling_timeout_s: float = variable(
        "POLLING_TIMEOUT",
        parsers.duration_s(0.1, 170),
        30.0,
        written="30s",
        about="Longest exchange with a polled source or a webhook, redirects and body included.",
        accepts="a duration up to 170s",
    )
    polling_body_bytes_max: int = variable(
        "POLLING_BODY_BYTES_MAX",
        parsers.integer(1, 1024 * MIB),
        10 * MIB,
        about="Largest body that is fetched, after decompression.",
        accepts="a whole number of bytes from 1 to 1073741824",
    )


@dataclass(frozen=True, kw_only=True, repr=False)
class AsyncOpsSection(Section):
    """The team's own operations."""

    working_hours: tuple[int, int] = variable(
        "WORKING_HOURS",
        parsers.hours_of_day,
        (9 * 60, 17 * 60),
        written="9:00-17:00",
        about="When people work, by the clocks where they are and on their own work days; ages of blockers are counted in it.",
        accepts="two times of the day such as 9:00-17:00",
    )
    blocker_stale_after_s: float = variable(
        "BLOCKER_STALE_AFTER",
        parsers.duration_s(60, 3_600 * 1_000),
        24 * 3_600.0,
        written="24h",
        about="Working time after which a blocker is called stale; 24h are three days of 8 hours.",
        accepts="a duration from 1m to 1000h such as 24h",
    )
    blocker_escalate_after_s: float = variable(
        "BLOCKER_ESCALATE_AFTER",
        parsers.duration_s(60, 3_600 * 1_000),
        48 * 3_600.0,
        written="48h",
        about="Working time after which all leads are told of a blocker, once.",
        accepts="a duration from 1m to 1000h such as 48h",
    )
    summary_cron: str = variable(
        "SUMMARY_CRON",
        parsers.crontab,
        "0 9 * * *",
        about="When the daily summary is made and sent. To stop it: wipsie schedule pause daily-summary.",
        accepts="a crontab expression of five fields such as 0 9 * * 1-5, or @daily",
    )
    summary_timezone: str = variable(
        "SUMMARY_TIMEZONE",
        parsers.time_zone,
        "UTC",
        about="The time zone of SUMMARY_CRON, in which summaries tell days and hours.",
        accepts="the name of a time zone such as Europe/Berlin",
    )
