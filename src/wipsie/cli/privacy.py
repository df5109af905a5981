"""`wipsie privacy …`: what is held of a person, and the end of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from wipsie.cli.output import AsJson, DryRun, Yes, confirm, note, print_json, print_table, say

if TYPE_CHECKING:
    from wipsie.app.privacy import PeoplesPrivacy

Result = TypeVar("Result")
Person = Annotated[str, typer.Argument(help="E-mail address or id of the person.")]

ACTOR = "cli"

privacy_app = typer.Typer(
    help="What is held of a person, and the end of it.", no_args_is_help=True, rich_markup_mode=None
)


@privacy_app.command("export")
def export_person(
    person: Person,
    output: Annotated[Path | None, typer.Option(help="File to write; standard output without it.")] = None,
) -> None:
    """Everything that is held of a person, in all parts, as JSON.

    \b
    Example:
      wipsie privacy export ann@example.org --output ann.json
    """
    found = _with_privacy(lambda privacy: privacy.export(ACTOR, person))
    if output is None:
        print_json(found)
        return
    import msgspec

    # Only for whoever asked.
    output.touch(mode=0o600)
    output.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")
    note(f"Written to {output}.")


@privacy_app.command("erase")
def erase_person(person: Person, yes: Yes = False, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """End what is held of a person, in all parts. It cannot be undone; done again it changes nothing.

    Their account, status updates and choices go; what they wrote as part of the team's work stays, by a former member, and
    their name and address are taken out of every text. Messages in queues are kept until they are processed or expire.

    \b
    Examples:
      wipsie privacy erase ann@example.org --dry-run
      wipsie privacy erase ann@example.org --yes
    """
    if not dry_run:
        confirm(f"Erase {person} for ever?", yes=yes)
    erased = _with_privacy(lambda privacy: privacy.erase(ACTOR, person, dry_run=dry_run))
    if as_json:
        print_json(erased)
        return
    rows = [(part, table, count) for part, counts in erased.rows.items() for table, count in counts.items()]
    if rows:
        print_table(["part", "table", "rows"], rows, right=["rows"])
    if dry_run:
        say(f"Nothing was changed: this is what would be erased of {erased.user}.")
    elif rows:
        say(f"Erased: {erased.user}.")
    else:
        say(f"Nothing was left of {erased.user}.")


def _with_privacy(use: Callable[[PeoplesPrivacy], Awaitable[Result]]) -> Result:
    from wipsie.app.records_desk import opened_privacy
    from wipsie.cli.running import command_settings, run
    from wipsie.kernel.clock import SystemClock

    settings = command_settings()

    async def work() -> Result:
        async with opened_privacy(settings, SystemClock()) as privacy:
            return await use(privacy)

    return run(work())
