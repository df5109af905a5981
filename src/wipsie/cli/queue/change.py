"""Commands on whole queues: purge, redrive, pause, resume."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from wipsie.cli.output import AsJson, DryRun, Yes, confirm, print_json, progress, say
from wipsie.cli.queue.access import Queue, change_queue, with_engine
from wipsie.cli.queue.look import counts_shown, print_counts
from wipsie.kernel.errors import InvalidInput

if TYPE_CHECKING:
    from wipsie.kernel.audit_event import Fact
    from wipsie.kernel.ids import QueueName
    from wipsie.queue.contract import RedriveFilter
    from wipsie.queue.engine import QueueEngine
    from wipsie.queue.redrive import RedriveReport

_LOOK_EVERY_S = 0.1
_PEEK_MESSAGES = 1000


def purge(queue: Queue, yes: Yes = False, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Remove every message of a queue for good, those being worked on too.

    \b
    Examples:
      wipsie queue purge default --dry-run
      wipsie queue purge default --yes
    """

    async def read(engine: QueueEngine) -> dict[str, Any]:
        return counts_shown(engine, await engine.counts(engine.resolve(queue)))

    counts = with_engine(read)
    if dry_run:
        if as_json:
            print_json({"dry_run": True, "would_remove": counts["total"], "counts": counts})
        else:
            say(f"Would remove {counts['total']} message(s) from '{queue}'.")
            print_counts([counts])
        return
    confirm(f"Remove all {counts['total']} message(s) of '{queue}' for good?", yes=yes)

    async def remove(engine: QueueEngine) -> int:
        return await engine.purge(engine.resolve(queue))

    removed = change_queue("purge", queue, remove, messages=counts["total"])
    if as_json:
        print_json({"queue": counts["queue"], "removed": removed})
    else:
        say(f"Removed {removed} message(s) from '{queue}'.")


def redrive(
    queue: Queue,
    to: Annotated[str | None, typer.Option(help="Queue to move them to; without it, where they came from.")] = None,
    message_id: Annotated[list[str] | None, typer.Option("--id", help="Only this message; repeatable.")] = None,
    code: Annotated[str | None, typer.Option(help="Only dead letters with this cause, for example TIMED_OUT.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only those whose reason contains this text.")] = None,
    max_messages: Annotated[int | None, typer.Option("--max", min=1, help="Move at most this many.")] = None,
    rate: Annotated[float | None, typer.Option(min=0.1, help="At most this many a second.")] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Send dead letters back to be tried again. Ctrl-C stops; what was moved stays moved.

    QUEUE is a dead-letter queue, or the queue whose dead letters are meant.

    \b
    Examples:
      wipsie queue redrive task_processing --dry-run
      wipsie queue redrive task_processing --code TIMED_OUT --rate 10
      wipsie queue redrive notifications_dlq --id 6f1d…
    """
    from wipsie.kernel.ids import MessageId
    from wipsie.queue.contract import RedriveFilter

    matching = RedriveFilter(
        message_ids=frozenset(MessageId(one) for one in message_id) if message_id else None,
        cause_code=code,
        reason_contains=reason,
    )

    async def look(engine: QueueEngine) -> int:
        return await _count(engine, await _dead_letters_of(engine, queue), matching)

    async def move(engine: QueueEngine) -> RedriveReport:
        import asyncio

        source = await _dead_letters_of(engine, queue)
        waiting = (await engine.counts(source)).ready
        work = engine.redrive(
            source,
            destination=None if to is None else engine.resolve(to),
            matching=matching,
            messages_max=max_messages,
            rate_per_s=rate,
        )
        with progress(hidden=as_json) as bars:
            bar = bars.add_task(f"redrive {queue}", total=waiting)
            running = asyncio.create_task(work.run())
            try:
                while not running.done():
                    await asyncio.wait((running,), timeout=_LOOK_EVERY_S)
                    bars.update(bar, completed=work.moved + work.skipped)
            except asyncio.CancelledError:
                work.cancel()
            return await running

    if dry_run:
        count = with_engine(look)
        count = count if max_messages is None else min(count, max_messages)
        print_json({"dry_run": True, "would_move": count}) if as_json else say(f"Would move {count} message(s).")
        return
    facts: dict[str, Fact] = {"to": to or "origin", "ids": len(message_id or ()), "messages_max": max_messages}
    report = change_queue("redrive", queue, move, **facts)
    if as_json:
        print_json(report)
    else:
        say(f"Moved {report.moved}, left {report.skipped}{', stopped early' if report.cancelled else ''}.")


async def _dead_letters_of(engine: QueueEngine, name: str) -> QueueName:
    """The dead-letter queue meant by its own name or by that of its queue. InvalidInput when it has none."""
    stored = engine.resolve(name)
    queues = await engine.list_queues()
    if any(one.dead_letter_queue == stored for one in queues):
        return stored
    own = next((one.dead_letter_queue for one in queues if one.name == stored), None)
    if own is None:
        raise InvalidInput(f"'{name}' has no dead-letter queue and is none.", details={"queue_name": name})
    return own


async def _count(engine: QueueEngine, queue: QueueName, matching: RedriveFilter) -> int:
    from wipsie.queue.contract import MessageState

    found, after = 0, 0
    while True:
        messages = await engine.peek(queue, limit=_PEEK_MESSAGES, after_sequence_number=after, state=MessageState.READY)
        for one in messages:
            after = one.sequence_number
            cause = None if one.dead_letter is None else one.dead_letter.cause
            found += (
                (matching.message_ids is None or one.message_id in matching.message_ids)
                and (matching.cause_code is None or (cause is not None and cause.code == matching.cause_code))
                and (
                    matching.reason_contains is None or (cause is not None and matching.reason_contains in cause.reason)
                )
            )
        if len(messages) < _PEEK_MESSAGES:
            return found


def pause(queue: Queue, as_json: AsJson = False) -> None:
    """Deliver nothing more from a queue; sending to it goes on.

    \b
    Example:
      wipsie queue pause notifications
    """
    _set_paused(queue, paused=True, as_json=as_json)


def resume(queue: Queue, as_json: AsJson = False) -> None:
    """Deliver again.

    \b
    Example:
      wipsie queue resume notifications
    """
    _set_paused(queue, paused=False, as_json=as_json)


def _set_paused(queue: str, *, paused: bool, as_json: bool) -> None:
    async def change(engine: QueueEngine) -> dict[str, Any]:
        stored = engine.resolve(queue)
        await (engine.pause(stored) if paused else engine.resume(stored))
        return counts_shown(engine, await engine.counts(stored))

    counts = change_queue("pause" if paused else "resume", queue, change)
    if as_json:
        print_json(counts)
    else:
        say(
            f"'{queue}' {'delivers nothing until resumed' if paused else 'delivers'}; {counts['total']} message(s) in it."
        )
