"""Commands that change nothing: list, stats, peek."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from wipsie.cli.output import AsJson, print_json, print_table, say
from wipsie.cli.queue.access import Queue, with_engine
from wipsie.kernel.errors import InvalidInput

if TYPE_CHECKING:
    from wipsie.queue.contract import MessageState, QueueCounts, StoredMessage
    from wipsie.queue.engine import QueueEngine

_BODY_CHARACTERS = 70


def list_queues(as_json: AsJson = False) -> None:
    """All queues and how they are set.

    \b
    Example:
      wipsie queue list
    """

    async def read(engine: QueueEngine) -> list[dict[str, Any]]:
        short = engine.names.short
        return [
            {
                "queue": short(one.name),
                "stored_name": one.name,
                "dead_letter_queue": None if one.dead_letter_queue is None else short(one.dead_letter_queue),
                "visibility_timeout_s": one.visibility_timeout_s,
                "retention_s": one.retention_s,
                "max_receive_count": one.max_receive_count,
                "fifo": one.fifo,
                "paused": one.paused,
            }
            for one in await engine.list_queues()
        ]

    queues = with_engine(read)
    if as_json:
        print_json({"queues": queues})
        return
    from wipsie.kernel.durations import format_duration

    print_table(
        ["queue", "stored as", "dead letters go to", "lease", "kept", "kind", "state"],
        [
            (
                one["queue"],
                one["stored_name"],
                one["dead_letter_queue"],
                format_duration(one["visibility_timeout_s"]),
                format_duration(one["retention_s"]),
                "fifo" if one["fifo"] else "standard",
                "paused" if one["paused"] else "open",
            )
            for one in queues
        ],
    )


def stats(
    queue: Annotated[str | None, typer.Argument(help="Only this queue.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """How many messages each queue holds, by state, and how long the oldest has waited.

    \b
    Examples:
      wipsie queue stats
      wipsie queue stats task_processing --json
    """

    async def read(engine: QueueEngine) -> list[dict[str, Any]]:
        counts = [await engine.counts(engine.resolve(queue))] if queue is not None else await engine.all_counts()
        return [counts_shown(engine, one) for one in counts]

    rows = with_engine(read)
    if as_json:
        print_json({"queues": rows})
    else:
        print_counts(rows)


def counts_shown(engine: QueueEngine, counts: QueueCounts) -> dict[str, Any]:
    """Counts of a queue as JSON shows them."""
    return {
        "queue": engine.names.short(counts.queue),
        "ready": counts.ready,
        "delayed": counts.delayed,
        "leased": counts.leased,
        "blocked": counts.blocked,
        "total": counts.total,
        "oldest_ready_age_s": counts.oldest_ready_age_s,
        "paused": counts.paused,
    }


def print_counts(rows: list[dict[str, Any]]) -> None:
    """Counts as a table."""
    from wipsie.kernel.durations import format_duration

    numbers = ["ready", "delayed", "leased", "blocked", "total"]
    print_table(
        ["queue", *numbers, "oldest waits", "state"],
        [
            (
                row["queue"],
                *(row[number] for number in numbers),
                None if row["oldest_ready_age_s"] is None else format_duration(row["oldest_ready_age_s"]),
                "paused" if row["paused"] else "open",
            )
            for row in rows
        ],
        right=[*numbers, "oldest waits"],
    )


def peek(
    queue: Queue,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many messages.")] = 10,
    after: Annotated[int, typer.Option(min=0, help="Only messages after this sequence number.")] = 0,
    state: Annotated[str | None, typer.Option(help="Only ready, delayed, leased or blocked ones.")] = None,
    message_id: Annotated[str | None, typer.Option("--id", help="Only this message, with everything about it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Look at messages without taking them; of dead letters it tells the cause.

    \b
    Examples:
      wipsie queue peek default
      wipsie queue peek task_processing_dlq --json
      wipsie queue peek default_dlq --id 6f1d…
    """
    from wipsie.kernel.ids import MessageId

    chosen = _state(state)

    async def read(engine: QueueEngine) -> list[StoredMessage]:
        return await engine.peek(
            engine.resolve(queue),
            limit=limit,
            after_sequence_number=after,
            state=chosen,
            message_id=None if message_id is None else MessageId(message_id),
        )

    messages = with_engine(read)
    if as_json:
        print_json({"queue": queue, "messages": messages})
    elif message_id is not None:
        print_message(messages[0]) if messages else say(f"'{queue}' holds no message {message_id}.")
    else:
        print_table(
            ["no.", "message id", "state", "sent (UTC)", "received", "cause or body"],
            [
                (
                    one.sequence_number,
                    one.message_id,
                    one.state.value,
                    _time(one.sent_at_ms),
                    one.receive_count,
                    _shortened(f"{one.dead_letter.cause.code}: {one.dead_letter.cause.reason}")
                    if one.dead_letter is not None
                    else _shortened(one.body),
                )
                for one in messages
            ],
            right=["no.", "received"],
        )


def print_message(message: StoredMessage) -> None:
    """Everything about one message."""
    say(f"{message.message_id}  {message.state.value} in {message.queue}, received {message.receive_count} times")
    say(f"sent {_time(message.sent_at_ms)} UTC, priority {message.priority.name.lower()}")
    if message.dead_letter is not None:
        cause = message.dead_letter.cause
        say(f"dead since {_time(message.dead_letter.dead_at_ms)} UTC, from {message.dead_letter.origin}")
        say(f"{cause.code}: {cause.reason}", style="red")
        for attempt in cause.attempts:
            say(f"  try {attempt.attempt} at {_time(attempt.started_at_ms)} by {attempt.worker}: {attempt.error}")
        if cause.traceback:
            say(cause.traceback, style="dim")
    say(message.body)


def _state(text: str | None) -> MessageState | None:
    from wipsie.queue.contract import MessageState

    if text is None:
        return None
    try:
        return MessageState(text.lower())
    except ValueError:
        known = ", ".join(state.value for state in MessageState)
        raise InvalidInput(f"--state must be one of {known}.", details={"field": "state", "value": text}) from None


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _BODY_CHARACTERS else line[: _BODY_CHARACTERS - 1] + "…"


def _time(at_ms: int) -> str:
    from wipsie.kernel.clock import utc_datetime

    return f"{utc_datetime(at_ms):%Y-%m-%d %H:%M:%S}"
