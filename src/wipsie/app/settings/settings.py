"""All settings of one process."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

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
    TasksSection,
    WorkerSection,
)
from wipsie.app.settings.variable import Section, Variable


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One section per room; URLs that were not given point into the data folder."""

    instance: InstanceSection
    queue: QueueSection
    database: DatabaseSection
    shared: SharedSection
    blobs: BlobSection
    api: ApiSection
    worker: WorkerSection
    logging: LoggingSection
    security: SecuritySection
    tasks: TasksSection
    asyncops: AsyncOpsSection

    @classmethod
    def read(cls, values: Mapping[str, str]) -> Settings:
        """Settings from named values. ConfigurationError, one sentence that names the variable."""
        instance = InstanceSection.read(values)
        data_dir = instance.data_dir.absolute()
        queue = QueueSection.read(values)
        database = DatabaseSection.read(values)
        blobs = BlobSection.read(values)
        return cls(
            instance=dataclasses.replace(instance, data_dir=data_dir),
            queue=dataclasses.replace(queue, url=queue.url or f"sqlite:///{data_dir / 'queue.db'}"),
            database=dataclasses.replace(database, url=database.url or f"sqlite:///{data_dir / 'wipsie.db'}"),
            shared=SharedSection.read(values),
            blobs=dataclasses.replace(blobs, url=blobs.url or (data_dir / "blobs").as_uri()),
            api=ApiSection.read(values),
            worker=WorkerSection.read(values),
            logging=LoggingSection.read(values),
            security=SecuritySection.read(values),
            tasks=TasksSection.read(values),
            asyncops=AsyncOpsSection.read(values),
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


def all_variables() -> list[Variable]:
    """Every variable Wipsie reads, in the order of the sections."""
    return [declared for section in Settings.read({}).sections() for _, declared in section.variables()]
