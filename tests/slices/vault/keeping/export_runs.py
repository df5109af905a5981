"""The job of an archive, as a worker runs it."""

from __future__ import annotations

from typing import Any

from vault_room import VaultRoom

from wipsie.database.shared_store import DatabaseSharedStore
from wipsie.kernel.ids import MessageId, QueueName, Receipt
from wipsie.queue.contract import Delivery, Priority
from wipsie.queue.message import StandardMessage
from wipsie.slices.vault.building import VaultParts, VaultSettings, build_parts
from wipsie.slices.vault.handlers.export import ExportHandler
from wipsie.slices.vault.jobs import ExportJob
from wipsie.slices.vault.service.conversing.sessions import LocalSessions
from wipsie.telemetry.metrics import Metrics
from wipsie.workers.handler import TaskContext


def parts_of(room: VaultRoom) -> VaultParts:
    """The whole vault, of another process than the room."""
    return build_parts(
        VaultSettings(public_url=lambda: "https://vault.example", work_path=room.folder / "parts"),
        database=room.database,
        blobs=room.blobs,
        keys=room.keys,
        shared=DatabaseSharedStore(room.database, clock=room.clock, follow_server_time=False),
        sessions=LocalSessions(room.clock),
        clock=room.clock,
        metrics=Metrics(),
        run_cpu=_no_cpu,
    )


async def run(room: VaultRoom, owner: str, export_id: str, *, attempt: int = 1, receives: int = 1) -> Any:
    """One try. `receives`: how often a worker got the job, whatever became of that."""
    delivery = Delivery(
        queue=QueueName("vault_media"),
        message_id=MessageId("m-1"),
        receipt=Receipt("r-1"),
        body="{}",
        attributes={},
        priority=Priority.MEDIUM,
        sequence_number=1,
        sent_at_ms=0,
        waiting_since_ms=0,
        received_at_ms=0,
        lease_until_ms=30_000,
        receive_count=max(receives, attempt),
        first_received_at_ms=0,
    )
    services: Any = None
    context = TaskContext(delivery=delivery, queue="vault_media", attempt=attempt, worker="test", services=services)
    message = StandardMessage(id="m-1", timestamp="", data=ExportJob(owner=owner, export=export_id))
    return await ExportHandler(room.exporter, parts_of(room).export_failures).make_vault_export(message, context)


async def _no_cpu(*_: Any, **__: Any) -> Any:
    raise AssertionError("nobody sends files here")
