"""`wipsie audit …`: who changed what, and proof that nobody changed the log."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from wipsie.cli.output import AsJson, note, print_json, print_table, progress, say

if TYPE_CHECKING:
    from wipsie.app.audit_desk import AuditDesk

Result = TypeVar("Result")

audit_app = typer.Typer(
    help="The audit log: who changed what, and proof that nobody changed the log.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@audit_app.command("list")
def list_events(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many events, the newest first.")] = 20,
    actor: Annotated[str | None, typer.Option(help="Only changes by this actor, for example 'cli'.")] = None,
    action: Annotated[str | None, typer.Option(help="Only this action, for example workers:schedule:pause.")] = None,
    about: Annotated[
        str | None, typer.Option("--object", help="Only changes of this object, for example schedule:nightly.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The last changes.

    \b
    Examples:
      wipsie audit list
      wipsie audit list --object schedule:nightly
    """
    from wipsie.kernel.clock import utc_datetime

    events = _at_desk(lambda desk: desk.list(limit=limit, actor=actor, action=action, about=about))
    if as_json:
        print_json(events)
        return
    print_table(
        ["event", "time", "actor", "action", "object", "facts"],
        [
            (
                one.seq,
                f"{utc_datetime(one.at_ms):%Y-%m-%d %H:%M:%S} UTC",
                one.actor,
                one.action,
                one.object,
                ", ".join(f"{name} {value}" for name, value in one.facts.items()),
            )
            for one in events
        ],
        right=["event"],
    )


@audit_app.command()
def verify(as_json: AsJson = False) -> None:
    """Look through the whole log for anything changed, left out, put in, moved or cut off.

    Exit code 0: the log is as it was written. 1: it is not, and the table says where.

    \b
    Example:
      wipsie audit verify
    """
    with progress(hidden=as_json) as bars:
        task = bars.add_task("events", total=None)
        found = _at_desk(lambda desk: desk.verify(on_progress=lambda events: bars.update(task, completed=events)))
    if as_json:
        print_json({"intact": found.is_intact, **_shown(found)})
    elif found.is_intact:
        say(f"Intact: {_many(found.events, 'event')}, checked against {_many(found.anchors, 'anchor')}.")
    else:
        print_table(
            ["event", "problem", "what was found"], [(one.seq, one.problem, one.sentence) for one in found.findings]
        )
        more = " (there are more)" if found.cut else ""
        say(
            f"NOT intact: {_many(len(found.findings), 'finding')}{more} in {_many(found.events, 'event')}. Keep the database as "
            "it is, and compare it with a backup.",
            style="red",
        )
    if not found.is_intact:
        raise typer.Exit(1)


@audit_app.command()
def export(
    output: Annotated[Path | None, typer.Option(help="File to write; standard output without it.")] = None,
    after: Annotated[int, typer.Option(min=0, help="Only events after this one.")] = 0,
) -> None:
    """Every event as a line of JSON, oldest first, with its seal.

    \b
    Example:
      wipsie audit export --output audit.jsonl
    """
    if output is None:
        _at_desk(lambda desk: desk.export(sys.stdout.buffer, after_seq=after))
        sys.stdout.buffer.flush()
        return
    with output.open("wb") as file:
        count = _at_desk(lambda desk: desk.export(file, after_seq=after))
    note(f"{_many(count, 'event')} written to {output}.")


@audit_app.command()
def anchor(as_json: AsJson = False) -> None:
    """Note outside the database where the log ends now, so that an end cut off later is found. Done every hour by itself.

    \b
    Example:
      wipsie audit anchor
    """
    dropped = _at_desk(lambda desk: desk.anchor())
    if as_json:
        print_json(dropped)
    elif dropped is None:
        say("The log is empty: there is nothing to anchor.")
    else:
        say(f"Anchored at event {dropped.seq}.")


def _many(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"


def _shown(found: object) -> dict[str, object]:
    import msgspec

    return msgspec.to_builtins(found)


def _at_desk(use: Callable[[AuditDesk], Awaitable[Result]]) -> Result:
    from wipsie.app.audit_desk import opened_audit_desk
    from wipsie.cli.running import command_settings, run
    from wipsie.kernel.clock import SystemClock

    settings = command_settings()

    async def work() -> Result:
        async with opened_audit_desk(settings, SystemClock()) as desk:
            return await use(desk)

    return run(work())
