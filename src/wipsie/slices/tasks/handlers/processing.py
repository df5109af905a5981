"""Processing a table: analysis, transformation or aggregation, in the process pool."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from wipsie.blobs import BlobStore
from wipsie.kernel import json
from wipsie.kernel.errors import InvalidInput
from wipsie.queue.message import StandardMessage
from wipsie.slices.tasks.domain.tables.run import TableResult, check_options, run_operation
from wipsie.slices.tasks.domain.tables.source import TableSource, blob_key_of, source_of, source_of_blob
from wipsie.slices.tasks.handlers.refusals import final_refusals
from wipsie.slices.tasks.schemas.task_data import ProcessingData
from wipsie.workers.handler import Reject, TaskContext

INLINE_BYTES_MAX = 48 * 1024
"""Below the bound of a filed result, with room for its other fields."""
_SHOWN_COLUMNS = 100
_SHOWN_CHARS = 100


class ProcessingSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of one task."""

    input_bytes_max: int = 64 * 1024 * 1024
    """Largest stored object that is read."""
    cpu_timeout_s: float = 120.0


class ProcessingResult(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What an operation made; filed as the task's result."""

    operation: str
    output_format: str
    rows_in: int
    rows_out: int
    columns: list[str]
    """The first 100."""
    bytes: int
    result: Any = None
    """The result itself: JSON of up to 48 KiB."""
    blob_key: str | None = None
    """Where a larger result, or one in another format, is stored."""
    sha256: str | None = None


class ProcessingHandler:
    """`process_task`."""

    def __init__(self, *, blobs: BlobStore, settings: ProcessingSettings) -> None:
        self._blobs = blobs
        self._settings = settings

    async def process_task(self, message: StandardMessage[ProcessingData], context: TaskContext) -> ProcessingResult:
        """Run `operation` on `input_data` with `processing_options` (their names and meaning: domain/tables/options.py).

        Rejects what can never work: input that is no table, unknown options, missing columns. A task that takes longer
        than `cpu_timeout_s` ends with its process and is retried by policy.
        """
        data = message.data
        with final_refusals():
            check_options(data.operation, data.processing_options)
            source = await self._source(data.input_data)
            made = await context.run_cpu(
                run_operation,
                data.operation,
                source,
                data.processing_options,
                data.output_format,
                timeout_s=self._settings.cpu_timeout_s,
            )
        return await self._file(data, made, message.id)

    async def _source(self, input_data: Any) -> TableSource:
        key = blob_key_of(input_data)
        if key is None:
            return source_of(input_data)
        blob = await self._blobs.get(key)
        if len(blob.content) > self._settings.input_bytes_max:
            raise InvalidInput(
                f"The object '{key}' has {blob.info.size} bytes; at most {self._settings.input_bytes_max} are processed.",
                details={"field": "input_data.blob_key", "size": blob.info.size},
            )
        return source_of_blob(blob.content, blob.info.content_type, cast("dict[str, Any]", input_data))

    async def _file(self, data: ProcessingData, made: TableResult, message_id: str) -> ProcessingResult:
        result = ProcessingResult(
            operation=data.operation,
            output_format=data.output_format,
            rows_in=made.rows_in,
            rows_out=made.rows_out,
            columns=[name[:_SHOWN_CHARS] for name in made.columns[:_SHOWN_COLUMNS]],
            bytes=len(made.content),
        )
        if data.output_format == "json" and len(made.content) <= INLINE_BYTES_MAX:
            result.result = json.decode(made.content)
            return result
        # By message, so that a repeated delivery replaces its own result and leaves no second one.
        name = "".join(sign if sign.isalnum() or sign == "-" else "_" for sign in message_id if sign.isascii())[:100]
        if not name:
            raise Reject("The message has no usable id to file its result under.", code="VALIDATION_ERROR")
        info = await self._blobs.put(f"results/{name}.{data.output_format}", made.content, made.content_type)
        result.blob_key, result.sha256 = info.key, info.sha256
        return result
