"""Moving queues from one backend to another: everything arrives once, whatever stops in between."""

from wipsie.queue.transfer.plan import QueuePlan, TransferPlan
from wipsie.queue.transfer.port import HistorySender, TransferPort
from wipsie.queue.transfer.report import QueueReport, TransferReport
from wipsie.queue.transfer.transfer import Transfer, TransferOptions

__all__ = [
    "HistorySender",
    "QueuePlan",
    "QueueReport",
    "Transfer",
    "TransferOptions",
    "TransferPlan",
    "TransferPort",
    "TransferReport",
]
