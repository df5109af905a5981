"""Commands on single messages: send, receive, delete."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wipsie.cli.option_values import duration_s, json_object
from wipsie.cli.output import AsJson, DryRun, Yes, confirm, print_json, print_table, say
from wipsie.cli.queue.access import Queue, change_queue, with_engine
from wipsie.cli.queue.look import counts_shown
from wipsie.kernel.errors import InvalidInput

if TYPE_CHECKING:
    from wipsie.queue.contract import Delivery
    from wipsie.queue.engine import QueueEngine
    from wipsie.slices.tasks.schemas.requests import SendResponse


def send(
    queue: Queue,
    message: Annotated[
        str | None, typer.Argument(help="The message as a JSON object; '-' reads it from stdin.", show_default=False)
    ] = None,
    task_type: Annotated[str | None, typer.Option(help="Sets task_type of the message.")] = None,
    data: Annotated[str | None, typer.Option(help="Sets data of the message, a JSON object.")] = None,
    priority: Annotated[str | None, typer.Option(help="high, medium or low.")] = None,
    delay: Annotated[str | None, typer.Option(help="Deliver only after this long, for example 30s or 2h.")] = None,
    attribute: Annotated[list[str] | None, typer.Option(help="name=value beside the message; repeatable.")] = None,
    group_id: Annotated[str | None, typer.Option(help="Messages of one group keep their order (FIFO queues).")] = None,
    deduplication_id: Annotated[str | None, typer.Option(help="A second message with this id is not stored.")] = None,
    as_json: AsJson = False,
) -> None:
    """Send one message; it is on disk when the command ends. Known task types are checked first.

    \b
    Examples:
      wipsie queue send default --data '{"hello": "world"}'
      wipsie queue send notifications '{"task_type": "notification", "data": {"recipient": "you@example.org",
          "notification_type": "email", "subject": "Hello", "body": "It works."}}'
      cat task.json | wipsie queue send task_processing - --priority high --delay 5m
    """
    from wipsie.slices.tasks.schemas.requests import SendRequest

    text = sys.stdin.read() if message == "-" else message or "{}"
    body = json_object(text, "The message")
    if task_type is not None:
        body["task_type"] = task_type
    if data is not None:
        body["data"] = json_object(data, "--data")
    if priority is not None:
        body["priority"] = priority
    delay_s = None if delay is None else duration_s(delay, "--delay")
    request = SendRequest(
        queue_name=queue,
        message=body,
        attributes=_attributes(attribute),
        delay_s=delay_s,
        group_id=group_id,
        deduplication_id=deduplication_id,
    )
    sent = _send(request)
    if as_json:
        print_json(sent)
    else:
        say(f"{sent.message_id}  {'was sent before to' if sent.duplicate else 'sent to'} {sent.queue}")


def _send(request: Any) -> SendResponse:
    from wipsie.app.parts import build_parts
    from wipsie.cli.running import command_settings, run
    from wipsie.slices.tasks.service import MessageService

    parts = build_parts(command_settings())

    async def work() -> SendResponse:
        await parts.engine.start()
        try:
            if not parts.engine.work_queues():
                await parts.engine.declare([queue for one in parts.slices for queue in one.queues])
            service = MessageService(
                engine=parts.engine,
                registry=parts.registry,
                run_log=parts.run_log,
                clock=parts.clock,
                region=parts.settings.queue.region,
            )
            return await service.send(request, source="manual")
        finally:
            await parts.engine.stop()

    return run(work())


def _attributes(pairs: list[str] | None) -> dict[str, Any] | None:
    if not pairs:
        return None
    found: dict[str, Any] = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator:
            raise InvalidInput(f"--attribute must be name=value, not '{pair}'.", details={"field": "attribute"})
        found[name] = value
    return found


def receive(
    queue: Queue,
    max_messages: Annotated[int, typer.Option("--max", min=1, max=10, help="Most messages to take.")] = 1,
    visibility: Annotated[str, typer.Option(help="How long they are yours, for example 30s or 5m.")] = "30s",
    wait: Annotated[float, typer.Option(min=0, max=20, help="Seconds to wait for the first.")] = 0.0,
    as_json: AsJson = False,
) -> None:
    """Take messages for a while; what is not deleted in time is delivered again.

    \b
    Example:
      wipsie queue receive default --max 5 --visibility 2m --json
    """
    visibility_timeout_s = duration_s(visibility, "--visibility")

    async def take(engine: QueueEngine) -> list[Delivery]:
        return await engine.receive(
            engine.resolve(queue), max_messages=max_messages, visibility_timeout_s=visibility_timeout_s, wait_s=wait
        )

    deliveries = with_engine(take)
    if as_json:
        print_json({"queue": queue, "message_count": len(deliveries), "messages": deliveries})
        return
    if not deliveries:
        say(f"'{queue}' has no message ready.")
    for one in deliveries:
        say(f"{one.message_id}  receive no. {one.receive_count}", style="bold")
        say(one.body)
        say(f"delete it with: wipsie queue delete {queue} {one.receipt}", style="dim")


def delete(
    queue: Queue,
    receipts: Annotated[list[str], typer.Argument(help="Receipts as `receive` printed them.", show_default=False)],
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Delete messages that were received.

    \b
    Example:
      wipsie queue delete default RECEIPT --yes
    """
    from wipsie.kernel.ids import Receipt

    if dry_run:
        counts = with_engine(_counts_of(queue))
        if as_json:
            print_json({"dry_run": True, "receipts": len(receipts), "counts": counts})
        else:
            say(f"Would delete up to {len(receipts)} of the {counts['leased']} messages now leased in '{queue}'.")
        return
    confirm(f"Delete {len(receipts)} message(s) from '{queue}'?", yes=yes)

    async def remove(engine: QueueEngine) -> list[Any]:
        stored = engine.resolve(queue)
        return list(await engine.delete([(stored, Receipt(receipt)) for receipt in receipts]))

    outcomes = change_queue("delete_messages", queue, remove, messages=len(receipts))
    refused = [outcome for outcome in outcomes if outcome is not None]
    if refused and len(outcomes) == 1:
        raise refused[0]
    deleted = len(outcomes) - len(refused)
    if as_json:
        print_json({"deleted": deleted, "refused": [{"code": one.code, "message": one.message} for one in refused]})
    else:
        print_table(
            ["receipt", "outcome"],
            [
                (receipt[:40], "deleted" if outcome is None else f"{outcome.message} [{outcome.code}]")
                for receipt, outcome in zip(receipts, outcomes, strict=True)
            ],
        )
    if refused:
        raise typer.Exit(1)


def _counts_of(queue: str) -> Any:
    async def read(engine: QueueEngine) -> dict[str, Any]:
        return counts_shown(engine, await engine.counts(engine.resolve(queue)))

    return read
