"""`wipsie queue migrate`: all that waits in one store, moved into another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from wipsie.cli.option_values import duration_s
from wipsie.cli.output import AsJson, DryRun, note, print_json, print_table, progress, say

if TYPE_CHECKING:
    from rich.progress import Progress

    from wipsie.app.queue_move import Ends
    from wipsie.app.settings import Settings
    from wipsie.queue.transfer import Transfer, TransferOptions, TransferPlan, TransferReport

_LOOK_EVERY_S = 0.1
_INTERRUPTED = 130


def migrate(
    to: Annotated[
        str | None,
        typer.Option(
            "--to", help="Store to move to, written as QUEUE_URL; without it, WIPSIE_MOVE_TO.", show_default=False
        ),
    ] = None,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from", help="Store to move from; without it, WIPSIE_MOVE_FROM or QUEUE_URL.", show_default=False
        ),
    ] = None,
    queue: Annotated[list[str] | None, typer.Option(help="Only this queue; repeatable.", show_default=False)] = None,
    wait: Annotated[str, typer.Option(help="How long to wait for messages being worked on, for example 5m.")] = "0s",
    lossy: Annotated[
        bool, typer.Option("--lossy", help="Move even if the destination cannot keep everything.")
    ] = False,
    start_over: Annotated[
        bool, typer.Option("--start-over", help="Forget an unfinished move of these queues to somewhere else.")
    ] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Move queues, with all that waits in them, from one store into another.

    Stop the workers first, and best the senders too. Messages keep their id, order, attributes, priority, delay, counts
    and the cause of dead letters. The source delivers nothing while it is moved. Stopped with Ctrl-C or killed, the same
    command goes on where it was; no message is lost, none is moved twice.

    Other users of the machine see the options of a command. A URL with a password belongs in the variables WIPSIE_MOVE_TO
    and WIPSIE_MOVE_FROM, in the environment or in .env.

    \b
    Exit code 0: all is moved. 1: something is left, or an error says what to do. 130: stopped with Ctrl-C.

    \b
    Examples:
      wipsie queue migrate --to postgresql://wipsie@db.example.org/wipsie --dry-run
      WIPSIE_MOVE_TO="$(cat /run/secrets/new-queue-url)" wipsie queue migrate
      wipsie queue migrate --from redis://localhost/0 --to sqlite:////var/lib/wipsie/queue.db --queue notifications
    """
    from wipsie.app.queue_move import planned_transfer, read_ends
    from wipsie.cli.running import command_settings, run
    from wipsie.kernel.clock import SystemClock
    from wipsie.queue.transfer import TransferOptions

    settings = command_settings()
    ends = read_ends(settings, from_, to)
    _tell_of_passwords(from_, to)
    options = TransferOptions(wait_s=duration_s(wait, "--wait"), lossy=lossy, start_over=start_over)
    if dry_run:
        plan = run(planned_transfer(settings, SystemClock(), ends, queue or ()))
        _print_plan(plan, settings.queue.prefix, as_json=as_json)
        return
    _tell_of_workers(settings)
    report = run(_move(settings, ends, queue or [], options, hidden=as_json))
    _print_report(report, settings.queue.prefix, as_json=as_json)
    if report.interrupted:
        raise typer.Exit(_INTERRUPTED)
    if report.left:
        raise typer.Exit(1)


def _tell_of_passwords(from_: str | None, to: str | None) -> None:
    from wipsie.app.queue_move import DESTINATION_VARIABLE, SOURCE_VARIABLE, shows_password

    for option, url, variable in (("--from", from_, SOURCE_VARIABLE), ("--to", to, DESTINATION_VARIABLE)):
        if shows_password(url):
            note(
                f"The password in {option} stands in the list of processes; the variable {variable} keeps it out of there.",
                style="yellow",
            )


def _tell_of_workers(settings: Settings) -> None:
    """A worker on this machine that is forgotten would go on waiting at the old place."""
    from wipsie.app.instances import running_instances

    running = [one for one in running_instances(settings.data_dir) if set(one.roles) & {"worker", "scheduler", "api"}]
    if running:
        processes = ", ".join(f"{one.pid} ({'+'.join(one.roles)})" for one in running)
        note(
            f"Wipsie runs on this data folder: process {processes}. What it sends to the source during the move may be left "
            "there; stop it, set QUEUE_URL, start it again.",
            style="yellow",
        )


async def _move(
    settings: Settings, ends: Ends, queues: list[str], options: TransferOptions, *, hidden: bool
) -> TransferReport:
    import asyncio

    from wipsie.app.queue_move import opened_transfer
    from wipsie.kernel.clock import SystemClock

    clock = SystemClock()
    async with opened_transfer(settings, clock, ends, queues, options) as transfer:
        with progress(hidden=hidden) as bars:
            show = _Bars(bars, transfer, clock)
            running = asyncio.create_task(transfer.run())
            try:
                while not running.done():
                    await asyncio.wait((running,), timeout=_LOOK_EVERY_S)
                    show.update()
            except asyncio.CancelledError:
                note("Stopping after the batch under way …")
                transfer.cancel()
            return await running


class _Bars:
    """One bar for each queue, with its rate and the time it still needs."""

    def __init__(self, bars: Progress, transfer: Transfer, clock: Any) -> None:
        self._bars = bars
        self._transfer = transfer
        self._clock = clock
        self._ids: dict[str, Any] = {}
        self._begun_s: dict[str, float] = {}

    def update(self) -> None:
        from wipsie.kernel.durations import format_duration

        now_s = self._clock.monotonic()
        for drain in self._transfer.drains:
            if drain.queue not in self._ids:
                self._ids[drain.queue] = self._bars.add_task(drain.queue, total=drain.total)
            if not drain.moved:
                continue
            rate = drain.moved / max(
                now_s - self._begun_s.setdefault(drain.queue, now_s - _LOOK_EVERY_S), _LOOK_EVERY_S
            )
            left_s = max(0, drain.total - drain.moved) / rate
            text = drain.queue if drain.finished else f"{drain.queue}  {rate:,.0f}/s, {format_duration(left_s)} left"
            total = max(drain.total, drain.moved)
            self._bars.update(self._ids[drain.queue], completed=drain.moved, total=total, description=text)


def _print_plan(plan: TransferPlan, prefix: str, *, as_json: bool) -> None:
    from wipsie.queue.names import QueueNames

    names = QueueNames(prefix)
    queues: list[dict[str, Any]] = [
        {
            "queue": names.short(one.settings.name),
            "stored_name": one.settings.name,
            "would_move": 0 if one.empty else one.counts.total,
            "ready": one.counts.ready,
            "delayed": one.counts.delayed,
            "leased": one.counts.leased,
            "blocked": one.counts.blocked,
            "exists": one.existing is not None,
            "differences": one.differences,
            "unfinished_move_to": None if one.unfinished is None else one.unfinished.to,
        }
        for one in plan.queues
    ]
    if as_json:
        print_json(
            {
                "dry_run": True,
                "would_move": plan.total,
                "queues": queues,
                "obstacles": plan.obstacles,
                "losses": plan.losses,
            }
        )
        return
    numbers = ["would move", "ready", "delayed", "leased", "blocked"]
    print_table(
        ["queue", *numbers, "at the destination"],
        [
            (
                one["queue"],
                *(one[number.replace(" ", "_")] for number in numbers),
                _difference_text(one["differences"], exists=one["exists"]),
            )
            for one in queues
        ],
        right=numbers,
    )
    for sentence in plan.obstacles:
        say(f"Cannot be done: {sentence}", style="red")
    for sentence in plan.losses:
        say(f"Needs --lossy: {sentence}", style="yellow")
    if any(one["leased"] for one in queues):
        say("Messages are being worked on: stop the workers first, or add --wait.", style="yellow")
    say(f"Would move {plan.total} message(s).")


def _print_report(report: TransferReport, prefix: str, *, as_json: bool) -> None:
    from wipsie.queue.names import QueueNames

    names = QueueNames(prefix)
    per_second = round(report.moved / report.seconds) if report.seconds > 0 else 0
    if as_json:
        print_json(
            {
                "moved": report.moved,
                "left": report.left,
                "interrupted": report.interrupted,
                "seconds": round(report.seconds, 3),
                "per_second": per_second,
                "queues": [{"queue": names.short(one.queue), **_fields(one)} for one in report.queues],
                "notes": report.notes,
            }
        )
        return
    print_table(
        ["queue", "moved", "left", "at the destination"],
        [
            (
                names.short(one.queue),
                one.moved,
                one.left,
                _difference_text(one.differences, exists=not one.created),
            )
            for one in report.queues
        ],
        right=["moved", "left"],
    )
    for sentence in report.notes:
        say(sentence, style="yellow")
    say(f"Moved {report.moved} message(s) in {report.seconds:.1f} s ({per_second:,}/s).")
    if report.interrupted:
        say("Stopped early: what is left stays in the source and works there. The same command moves the rest.")


def _fields(one: Any) -> dict[str, Any]:
    return {
        "stored_name": one.queue,
        "moved": one.moved,
        "left": one.left,
        "created": one.created,
        "differences": one.differences,
    }


def _difference_text(differences: Any, *, exists: bool) -> str:
    if not exists:
        return "new"
    told = ", ".join(f"{one.setting} {one.destination!r} (source {one.source!r})" for one in differences)
    return f"keeps its {told}" if told else "the same"
