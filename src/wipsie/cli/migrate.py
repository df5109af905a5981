"""`migrate`: bring the database to the schema of this version, or to an older one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from wipsie.cli.output import AsJson, DryRun, Yes, confirm, note, print_json, print_table, say
from wipsie.kernel.errors import InvalidInput

if TYPE_CHECKING:
    from wipsie.app.settings import Settings
    from wipsie.database.migrator import Loss, Plan


def migrate(
    to: Annotated[
        str | None,
        typer.Option(metavar="REVISION", help="Go up or down to this revision; without it, up to the newest."),
    ] = None,
    status: Annotated[
        bool, typer.Option("--status", help="Only tell the revision of the database and what is pending.")
    ] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Bring the database to the schema of this version. Safe to repeat, and while Wipsie runs.

    With --to it goes to a revision, down as well: what the newer ones added is removed then, with what is stored in it.
    Stop Wipsie before you go down; going back to an older version of Wipsie does not need it.

    \b
    Examples:
      wipsie migrate
      wipsie migrate --status
      wipsie migrate --to 0007 --dry-run
      wipsie migrate --to 0007 --yes
    """
    from wipsie.cli.running import command_settings, run
    from wipsie.database import migrator

    if status and (to is not None or dry_run):
        raise InvalidInput("--status only tells; leave out --to and --dry-run.", details={"field": "status"})
    settings = command_settings()
    if status:
        _show_status(settings, as_json=as_json)
        return
    url = settings.database.url
    plan = run(migrator.plan(url, to=to))
    if dry_run:
        _show_plan(plan, as_json=as_json)
        return
    undone: list[str] = []
    applied: list[str] = []
    if plan.would_undo and to is not None:
        _tell_of_processes(settings)
        if not yes:
            _tell_of_losses(plan.would_remove)
        confirm(_question(plan), yes=yes)
        undone = run(migrator.downgrade(url, to=to))
    else:
        applied = run(migrator.migrate(url, to=to))
    if as_json:
        print_json({"applied": applied, "undone": undone, "removed": plan.would_remove if undone else []})
    elif applied or undone:
        say(f"Applied {', '.join(applied)}." if applied else f"Undid {', '.join(undone)}.")
    else:
        say(f"Nothing to do: the database is {'up to date' if to is None else f'at {to}'}.")


def _show_status(settings: Settings, *, as_json: bool) -> None:
    from wipsie.cli.running import run
    from wipsie.database import migrator

    status = run(migrator.status(settings.database.url))
    if as_json:
        print_json(status)
    elif status.newer_than_code:
        say(f"The database is at {status.current}, newer than {status.newest}, the last one this version knows.")
    elif status.current is None:
        say(f"The database is empty; {len(status.pending)} revisions are pending, up to {status.newest}.")
    elif status.pending:
        say(f"The database is at {status.current}; pending: {', '.join(status.pending)}.")
    else:
        say(f"The database is at {status.current}, the newest; nothing is pending.")


def _show_plan(plan: Plan, *, as_json: bool) -> None:
    import msgspec

    if as_json:
        print_json({"dry_run": True, **msgspec.to_builtins(plan)})
        return
    steps = plan.would_apply or plan.would_undo
    if not steps:
        say("Nothing to do.")
        return
    print_table(
        ["revision", "would be applied" if plan.would_apply else "would be undone"],
        [(step.revision, step.title) for step in steps],
    )
    if plan.would_remove:
        say("What would be removed for good:")
    for line in _losses(plan.would_remove):
        say(f"  {line}")


def _tell_of_losses(losses: list[Loss]) -> None:
    if losses:
        note("This is removed for good:", style="yellow")
    for line in _losses(losses):
        note(f"  {line}", style="yellow")


def _question(plan: Plan) -> str:
    undo = f"Undo {', '.join(step.revision for step in plan.would_undo)}"
    tables = sum(not one.columns for one in plan.would_remove)
    columns = sum(len(one.columns) for one in plan.would_remove)
    things = [_many(count, thing) for count, thing in ((tables, "table"), (columns, "column")) if count]
    if not things:
        return f"{undo}?"
    rows = _many(sum(one.rows for one in plan.would_remove), "row")
    return f"{undo}, and remove {' and '.join(things)} with what {rows} hold there?"


def _losses(losses: list[Loss]) -> list[str]:
    return [
        f"{one.table}: "
        + (f"{', '.join(one.columns)} in {_many(one.rows, 'row')}" if one.columns else _many(one.rows, "row"))
        for one in losses
    ]


def _many(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def _tell_of_processes(settings: Settings) -> None:
    """Whoever works on the newer schema fails on the older one."""
    from wipsie.app.instances import running_instances

    running = running_instances(settings.data_dir)
    if running:
        processes = ", ".join(f"{one.pid} ({'+'.join(one.roles)})" for one in running)
        note(f"Wipsie runs on this data folder: process {processes}. Stop it first.", style="yellow")
