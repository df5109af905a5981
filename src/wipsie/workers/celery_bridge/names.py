"""Which task of Celery's stands for which queue."""

from __future__ import annotations

from types import MappingProxyType

TASK_OF_QUEUE = MappingProxyType(
    {
        "default": "process_default_message",
        "data_polling": "process_data_polling",
        "task_processing": "process_task",
        "notifications": "send_notification",
    }
)
"""By short name; the names are those of the product's specification."""
OTHER_TASK = "process_message"
"""For all other queues."""

QUEUE_OF_TASK = MappingProxyType({task: queue for queue, task in TASK_OF_QUEUE.items()})
TASKS = (*QUEUE_OF_TASK, OTHER_TASK)


def task_of(queue: str) -> str:
    """The task that stands for a queue (short name)."""
    return TASK_OF_QUEUE.get(queue, OTHER_TASK)
