"""All settings of one process."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from wipsie.app.settings.mail import MailSection
from wipsie.app.settings.sections import (
    ApiSection,
    AsyncOpsSection,
    BlobSection,
    DatabaseSection,
    InstanceSection,
    LoggingSection,
    QueueSection,
    SecuritySection,
    SharedSection,
    SqsEndpointSection,
    TasksSection,
    WorkerSection,
)
from wipsie.app.settings.variable import Section, Variable
from wipsie.app.settings.vault import VaultSection
from wipsie.kernel.errors import ConfigurationError


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One section per room; URLs that were not given point into the data folder."""

    instance: InstanceSection
    queue: QueueSection
    database: DatabaseSection
    shared: SharedSection
    blobs: BlobSection
    api: ApiSection
    sqs_endpoint: SqsEndpointSection
    worker: WorkerSection
    logging: LoggingSection
    security: SecuritySection
    tasks: TasksSection
    asyncops: AsyncOpsSection
    mail: MailSection
    vault: VaultSection

    @classmethod
    def read(cls, values: Mapping[str, str]) -> Settings:
        """Settings from named values. ConfigurationError, one sentence that names the variable."""
        instance = InstanceSection.read(values)
        data_dir = instance.data_dir.absolute()
        database = DatabaseSection.read(values)
        mail = MailSection.read(values)
        vault = VaultSection.read(values)
        queue = _with_queue_of_mail(QueueSection.read(values), mail)
        blobs = BlobSection.read(values)
        blobs_url = f"s3://{mail.bucket}" if mail.bucket else (data_dir / "blobs").as_uri()
        return cls(
            instance=dataclasses.replace(instance, data_dir=data_dir),
            queue=dataclasses.replace(queue, url=queue.url or f"sqlite:///{data_dir / 'queue.db'}"),
            database=dataclasses.replace(database, url=database.url or f"sqlite:///{data_dir / 'wipsie.db'}"),
            shared=SharedSection.read(values),
            blobs=dataclasses.replace(blobs, url=blobs.url or blobs_url),
            api=ApiSection.read(values),
            sqs_endpoint=SqsEndpointSection.read(values),
            worker=WorkerSection.read(values),
            logging=LoggingSection.read(values),
            security=SecuritySection.read(values),
            tasks=TasksSection.read(values),
            asyncops=AsyncOpsSection.read(values),
            mail=mail,
            vault=dataclasses.replace(vault, key_file=vault.key_file or data_dir / "secrets" / "vault.keys"),
        )

    @property
    def data_dir(self) -> Path:
        """Absolute path of the data folder."""
        return self.instance.data_dir

    def sections(self) -> Iterator[Section]:
        """Every section, in the order of this class."""
        for field in dataclasses.fields(self):
            yield getattr(self, field.name)

    def shown(self) -> dict[str, str]:
        """Variable name to value, as it may be printed: secrets and passwords are masked."""
        return {name: value for section in self.sections() for name, value in section.shown().items()}


def _with_queue_of_mail(queue: QueueSection, mail: MailSection) -> QueueSection:
    """SQS_QUEUE_URL is enough to say where the queues are: all are where the queue of mail is."""
    if not mail.queue_url:
        return queue
    if queue.url and not queue.url.startswith("sqs://"):
        raise ConfigurationError(
            "QUEUE_URL and SQS_QUEUE_URL name two kinds of queues; set one of them, or QUEUE_URL to sqs://region.",
            details={"setting": "SQS_QUEUE_URL"},
        )
    return dataclasses.replace(
        queue,
        url=queue.url or f"sqs://{mail.queue_region or queue.region}",
        endpoint_url=queue.endpoint_url or mail.queue_origin or "",
    )


def all_variables() -> list[Variable]:
    """Every variable Wipsie reads, in the order of the sections."""
    return [declared for section in Settings.read({}).sections() for _, declared in section.variables()]
