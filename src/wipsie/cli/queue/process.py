"""`queue process`: messages one by one by hand, with the real handlers."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wipsie.cli.output import AsJson, note, print_json_line, say
from wipsie.cli.queue.access import Queue
from wipsie.cli.queue.look import counts_shown, print_counts
from wipsie.kernel.errors import InvalidInput

if TYPE_CHECKING:
    from wipsie.app.direct_processor import DirectProcessor, Processed
    from wipsie.app.parts import Parts
    from wipsie.queue.contract import Delivery

ACTIONS = ("show", "process", "delete", "skip")
_KEYS = {"s": "show", "p": "process", "d": "delete", "k": "skip", "q": "quit"}
_ASK = "[s]how  [p]rocess  [d]elete  s[k]ip  [q]uit ? "
_LEASE_BY_HAND_S = 600.0
_LEASE_BY_SCRIPT_S = 60.0


def process(
    queue: Queue,
    action: Annotated[
        str | None, typer.Option(help="For scripts: process, delete, skip or show every message without asking.")
    ] = None,
    max_messages: Annotated[int, typer.Option("--max", min=1, help="Stop after this many messages.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Go through a queue message by message: show, process, delete, skip.

    Processing runs the real handler and does what a worker would do: acknowledge, retry later, or dead-letter. A message
    you decide about is yours for ten minutes.

    \b
    Examples:
      wipsie queue process default
      wipsie queue process task_processing --action process --max 10 --json
      wipsie queue process default_dlq --action show
    """
    if action is not None and action not in ACTIONS:
        raise InvalidInput(
            f"--action must be one of {', '.join(ACTIONS)}.", details={"field": "action", "value": action}
        )
    if action is None and (as_json or not sys.stdin.isatty()):
        raise InvalidInput(f"Nobody can be asked here; add --action with one of {', '.join(ACTIONS)}.")
    from wipsie.app.parts import build_parts
    from wipsie.cli.running import queue_settings, run

    run(_process(build_parts(queue_settings()), queue, action, max_messages, as_json=as_json))


async def _process(parts: Parts, queue: str, action: str | None, max_messages: int, *, as_json: bool) -> None:
    from wipsie.app.direct_processor import DirectProcessor
    from wipsie.app.serve import prepare_database

    await prepare_database(parts.settings, migrate=False)
    await parts.database.start()
    await parts.engine.start()
    try:
        stored = parts.engine.resolve(queue)
        counts = counts_shown(parts.engine, await parts.engine.counts(stored))
        if not as_json:
            print_counts([counts])
        await _go_through(DirectProcessor(parts, stored), action, max_messages, as_json=as_json)
    finally:
        for one in parts.slices:
            for stop in one.on_stop:
                await stop()
        await parts.cpu_pool.stop()
        await parts.engine.stop()
        await parts.database.stop()


async def _go_through(processor: DirectProcessor, action: str | None, max_messages: int, *, as_json: bool) -> None:
    lease_s = _LEASE_BY_HAND_S if action is None else _LEASE_BY_SCRIPT_S
    untouched: list[Delivery] = []
    done = 0
    try:
        while done < max_messages and (delivery := await processor.next(lease_s=lease_s)) is not None:
            done += 1
            chosen = action or _ask(delivery)
            if chosen == "quit":
                untouched.append(delivery)
                break
            if chosen in ("skip", "show"):
                # Given back only at the end: otherwise the same message would come again at once.
                untouched.append(delivery)
                _report(delivery, chosen, as_json=as_json)
            elif chosen == "delete":
                await processor.delete(delivery)
                _report(delivery, "deleted", as_json=as_json)
            else:
                _report_processed(await processor.process(delivery), as_json=as_json)
    finally:
        for delivery in untouched:
            await processor.skip(delivery)
    if not as_json:
        note(f"{done} message(s) looked at.")


def _ask(delivery: Delivery) -> str:
    """One key for one message; `show` asks again."""
    say(f"\n{delivery.message_id}  receive no. {delivery.receive_count}", style="bold")
    while True:
        typer.echo(_ASK, nl=False, err=True)
        key = typer.getchar()
        typer.echo(key if key.isprintable() else "", err=True)
        chosen = "quit" if key in ("\x03", "\x04") else _KEYS.get(key.lower())
        if chosen == "show":
            _show(delivery)
        elif chosen is not None:
            return chosen


def _show(delivery: Delivery) -> None:
    import msgspec

    try:
        text = msgspec.json.format(delivery.body, indent=2)
    except msgspec.DecodeError:
        text = delivery.body
    say(text)
    for name, attribute in delivery.attributes.items():
        say(f"  {name} = {attribute.value} ({attribute.data_type})", style="dim")
    if delivery.dead_letter is not None:
        cause = delivery.dead_letter.cause
        say(f"dead because of {cause.code}: {cause.reason}", style="red")


def _report(delivery: Delivery, what: str, *, as_json: bool) -> None:
    if as_json:
        line: dict[str, Any] = {"message_id": delivery.message_id, "action": what}
        if what == "show":
            line["message"] = delivery
        print_json_line(line)
    elif what == "show":
        say(f"\n{delivery.message_id}  receive no. {delivery.receive_count}", style="bold")
        _show(delivery)
    else:
        say(f"{delivery.message_id}  {'left' if what == 'skip' else what}")


def _report_processed(processed: Processed, *, as_json: bool) -> None:
    if as_json:
        import msgspec

        line = msgspec.to_builtins(processed)
        line["result"] = None if processed.result is None else msgspec.Raw(processed.result.encode())
        print_json_line({"action": "process", **line})
        return
    style = "green" if processed.status == "succeeded" else "red"
    say(f"{processed.message_id}  {processed.status} in {processed.run_ms:.1f} ms", style=style)
    if processed.error:
        say(f"  {processed.error}")
    if processed.result:
        say(f"  {processed.result[:500]}")
    if processed.retry_in_s is not None:
        say(f"  tried again in {processed.retry_in_s:g} s")
    if processed.dead_lettered:
        say("  moved to the dead-letter queue")
