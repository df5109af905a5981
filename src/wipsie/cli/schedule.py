"""`wipsie schedule …`: what fires when, and changing it."""

from __future__ import annotations

import getpass
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from wipsie.cli.option_values import duration_s, json_object
from wipsie.cli.output import AsJson, DryRun, Yes, confirm, print_json, print_table, say

if TYPE_CHECKING:
    from wipsie.workers.schedules import Schedule, ScheduleStore

Result = TypeVar("Result")
CLI = "cli"
"""Who changes something by a command, as the audit log names them: whoever may use the data folder."""
Name = Annotated[str, typer.Argument(help="Name of the schedule.", show_default=False)]

schedule_app = typer.Typer(
    help="Schedules: messages that are sent again and again, by cron or every so often.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@schedule_app.command("list")
def list_schedules(as_json: AsJson = False) -> None:
    """All schedules with their next times.

    \b
    Example:
      wipsie schedule list
    """
    schedules = _with_store(lambda store: store.list())
    if as_json:
        print_json(schedules)
        return
    print_table(
        ["schedule", "queue", "when", "state", "next", "last", "fired"],
        [
            (
                one.name,
                one.queue,
                one.cron or f"every {one.every_s:g} s",
                one.last_error or ("active" if one.enabled else f"paused by {one.paused_by or '?'}"),
                _time(one.next_fire_at_ms) if one.enabled else None,
                _time(one.last_fire_at_ms),
                one.fire_count,
            )
            for one in schedules
        ],
        right=["fired"],
    )


@schedule_app.command()
def add(
    name: Name,
    queue: Annotated[str, typer.Argument(help="Queue the messages go to.", show_default=False)],
    message: Annotated[str, typer.Option(help="The message as a JSON object.")] = "{}",
    cron: Annotated[str | None, typer.Option(help="Crontab expression, for example '0 6 * * 1-5' or @daily.")] = None,
    every: Annotated[str | None, typer.Option(help="Interval, for example 30s, 5m, 2h.")] = None,
    timezone: Annotated[str, typer.Option(help="Time zone of the crontab expression.")] = "UTC",
    skip_missed: Annotated[
        bool, typer.Option("--skip-missed", help="Do not make up for times when no scheduler ran.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Add a schedule, or replace the one of this name.

    \b
    Examples:
      wipsie schedule add nightly default --cron '0 2 * * *' --message '{"task_type": "default", "data": {}}'
      wipsie schedule add pulse default --every 5m
    """
    from wipsie.workers.schedules import ScheduleSpec

    every_s = None if every is None else duration_s(every, "--every")
    spec = ScheduleSpec(
        name=name,
        queue=queue,
        message=json_object(message, "--message"),
        cron=cron,
        every_s=every_s,
        timezone=timezone,
        catch_up="skip" if skip_missed else "once",
    )

    async def put(store: ScheduleStore) -> Schedule:
        return await store.put(spec, made_by=getpass.getuser(), actor=CLI)

    _show(_with_store(put, queue=queue), as_json=as_json)


@schedule_app.command()
def pause(name: Name, as_json: AsJson = False) -> None:
    """Fire no more until resumed; times that pass meanwhile are left out.

    \b
    Example:
      wipsie schedule pause nightly
    """
    _show(_with_store(lambda store: store.pause(name, by=getpass.getuser(), actor=CLI)), as_json=as_json)


@schedule_app.command()
def resume(name: Name, as_json: AsJson = False) -> None:
    """Fire again, from the next time on.

    \b
    Example:
      wipsie schedule resume nightly
    """
    _show(_with_store(lambda store: store.resume(name, actor=CLI)), as_json=as_json)


@schedule_app.command()
def trigger(name: Name, as_json: AsJson = False) -> None:
    """Send the message of a schedule now, paused or not; its own times stay as they are.

    \b
    Example:
      wipsie schedule trigger daily-summary
    """
    message_id = _with_store(lambda store: store.trigger(name, actor=CLI))
    if as_json:
        print_json({"schedule": name, "message_id": message_id})
    else:
        say(f"Sent: message {message_id}.")


@schedule_app.command()
def remove(name: Name, yes: Yes = False, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Forget a schedule.

    \b
    Example:
      wipsie schedule remove pulse --yes
    """
    if dry_run:
        _show(_with_store(lambda store: store.get(name)), as_json=as_json)
        return
    _with_store(lambda store: store.get(name))
    confirm(f"Remove the schedule '{name}'?", yes=yes)
    _with_store(lambda store: store.remove(name, actor=CLI))
    if as_json:
        print_json({"removed": name})
    else:
        say(f"Removed '{name}'.")


@schedule_app.command()
def preview(
    name: Name,
    count: Annotated[int, typer.Option(min=1, max=100, help="How many times to show.")] = 5,
    as_json: AsJson = False,
) -> None:
    """The next times of a schedule.

    \b
    Example:
      wipsie schedule preview nightly --count 10
    """
    times = _with_store(lambda store: store.preview(name, count))
    if as_json:
        from wipsie.kernel.clock import iso_utc_ms

        print_json({"schedule": name, "next_fires": [iso_utc_ms(at_ms) for at_ms in times]})
    else:
        for at_ms in times:
            say(_time(at_ms) or "")


def _with_store(use: Callable[[ScheduleStore], Awaitable[Result]], queue: str | None = None) -> Result:
    """Run `use` on the store of this data folder; `queue` must exist when it is named."""
    from wipsie.app.opened_database import opened_database
    from wipsie.app.opened_queues import opened_queues
    from wipsie.cli.running import command_settings, run
    from wipsie.kernel.clock import SystemClock
    from wipsie.workers.schedules import ScheduleStore

    settings = command_settings()
    clock = SystemClock()

    async def work() -> Result:
        if queue is not None:
            async with opened_queues(settings, clock) as engine:
                engine.resolve(queue)
        async with opened_database(settings, clock) as database:
            return await use(ScheduleStore(database, clock))

    return run(work())


def _show(schedule: Schedule, *, as_json: bool) -> None:
    if as_json:
        print_json(schedule)
        return
    when = schedule.cron or f"every {schedule.every_s:g} s"
    state = f"next {_time(schedule.next_fire_at_ms)}" if schedule.enabled else f"paused by {schedule.paused_by}"
    say(f"{schedule.name}: to {schedule.queue}, {when}, {state}, fired {schedule.fire_count} times")


def _time(at_ms: int | None) -> str | None:
    from wipsie.kernel.clock import utc_datetime

    return None if at_ms is None else f"{utc_datetime(at_ms):%Y-%m-%d %H:%M:%S} UTC"
