"""The archive with its index and its rules, composed once: for workers, and for commands that archive by themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from wipsie.blobs import BlobStore
from wipsie.database import Database
from wipsie.kernel.clock import Clock
from wipsie.slices.mail.gateways.buckets import MailBuckets
from wipsie.slices.mail.metrics import MailMetrics
from wipsie.slices.mail.service.archive import CheckOrigin, MailArchive
from wipsie.slices.mail.service.erasing import MailEraser, Retention
from wipsie.slices.mail.service.index_writer import IndexWriter
from wipsie.slices.mail.service.rules.engine import RuleEngine
from wipsie.slices.mail.service.work_folder import WorkFolder


class ArchiveSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator may choose about archiving."""

    trusted_servers: frozenset[str] = frozenset()
    """Names of mail servers whose verdicts count."""
    check_signatures: bool = False
    """Check where mails come from by what DNS says: DKIM, ARC, SPF and DMARC."""
    nameservers: tuple[str, ...] = ()
    """Addresses of the DNS servers that are asked, with a port if it is not 53; none for those of the system."""
    ses_buckets: frozenset[str] = frozenset()
    """Buckets of others from which mails are fetched."""


@dataclass(frozen=True, kw_only=True)
class Archiving:
    """The parts that archive."""

    archive: MailArchive
    writer: IndexWriter
    rules: RuleEngine


def build_archiving(
    settings: ArchiveSettings,
    *,
    database: Database,
    blobs: BlobStore,
    work: WorkFolder,
    open_bucket: Callable[[str], BlobStore],
    clock: Clock,
    metrics: MailMetrics,
) -> Archiving:
    """Opens nothing. `blobs` is the store of the archive; `open_bucket` opens one of somebody else."""
    rules = RuleEngine(clock)
    writer = IndexWriter(database, on_new=rules.on_new)
    archive = MailArchive(
        blobs,
        writer,
        work=work,
        buckets=MailBuckets(settings.ses_buckets, open_bucket),
        clock=clock,
        metrics=metrics,
        trusted=settings.trusted_servers,
        check_origin=_origin_check(settings.nameservers) if settings.check_signatures else None,
        carry_out=MailEraser(database, blobs, clock, Retention()).carry_out,
    )
    return Archiving(archive=archive, writer=writer, rules=rules)


def _origin_check(nameservers: tuple[str, ...]) -> CheckOrigin:
    # Brings libraries for DNS and DKIM that most processes need not have in memory.
    from wipsie.slices.mail.gateways.origin import OriginCheck

    return OriginCheck(nameservers)
