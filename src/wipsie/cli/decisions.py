"""`wipsie decisions …`: whole folders of decision records, in and out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from wipsie.cli.output import AsJson, print_json, print_table, progress, say
from wipsie.kernel.errors import InvalidInput

if TYPE_CHECKING:
    from wipsie.slices.asyncops.service.decisions.folder import DecisionFolder, RecordFile

Result = TypeVar("Result")

FILES_MAX = 10_000
BYTES_MAX = 1_000_000
_NOT_RECORDS = ("readme", "index", "template", "adr-template")

decisions_app = typer.Typer(
    help="Decisions of the team as Markdown: folders of records in the form of MADR or adr-tools.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@decisions_app.command("import")
def import_records(
    paths: Annotated[
        list[Path], typer.Argument(exists=True, help="Folders of records, and single files.", show_default=False)
    ],
    name: Annotated[
        str, typer.Option("--as", help="Put before the names of the files, to tell folders of one kind apart.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Make decisions of records. What was imported before is left as it is: run it again at any time.

    Status, date and who supersedes whom are kept. Exit code 1: some file was refused, or differs from what was imported.

    \b
    Examples:
      wipsie decisions import docs/decisions
      wipsie decisions import ../other/doc/adr --as other/
    """
    from wipsie.app.decision_desk import COMMAND

    files = [file for path in paths for file in _files(path, name)]
    if len(files) > FILES_MAX:
        raise InvalidInput(f"There are {len(files)} files; at most {FILES_MAX} are imported at once.")
    with progress(hidden=as_json) as bars:
        task = bars.add_task("records", total=len(files))
        reports = _at_desk(lambda desk: desk.take_in(COMMAND, files, lambda _: bars.advance(task)))
    if as_json:
        print_json(reports)
    else:
        print_table(
            ["file", "what", "decision", "title or reason"],
            [(one.file, one.what, one.number, one.reason or one.title) for one in reports],
        )
        made = sum(one.what == "made" for one in reports)
        say(f"{len(reports)} files: {made} made, {sum(one.what == 'unchanged' for one in reports)} unchanged.")
    if any(one.what in ("refused", "differs") for one in reports):
        raise typer.Exit(1)


@decisions_app.command("export")
def export_records(
    folder: Annotated[Path, typer.Argument(file_okay=False, help="Made if it is not there.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Write every decision as a file of its own, in the form of MADR 4. Files of the same names are written over.

    \b
    Example:
      wipsie decisions export docs/decisions
    """
    folder.mkdir(parents=True, exist_ok=True)
    changed: dict[str, bool] = {}
    with progress(hidden=as_json) as bars:
        task = bars.add_task("decisions", total=None)

        async def write(name: str, text: str) -> None:
            file = folder / name
            changed[name] = not file.exists() or file.read_bytes() != text.encode()
            if changed[name]:
                file.write_bytes(text.encode())
            bars.advance(task)

        count = _at_desk(lambda desk: desk.write_out(write))
    if as_json:
        print_json([{"file": name, "written": written} for name, written in changed.items()])
    else:
        say(f"{count} decisions in {folder}: {sum(changed.values())} files written, the others were as they are.")


def _files(path: Path, name: str) -> list[RecordFile]:
    if path.is_file():
        return [_read(path, f"{name}{path.name}")]
    found: Sequence[Path] = sorted(path.rglob("*.md"))
    return [
        _read(file, f"{name}{file.relative_to(path).as_posix()}")
        for file in found
        if file.is_file() and file.stem.lower() not in _NOT_RECORDS
    ]


def _read(file: Path, name: str) -> RecordFile:
    from wipsie.slices.asyncops.service.decisions.folder import RecordFile

    if file.stat().st_size > BYTES_MAX:
        raise InvalidInput(f"{file} is larger than {BYTES_MAX} bytes: that is no decision record.")
    try:
        return RecordFile(name=name, text=file.read_bytes().decode())
    except UnicodeDecodeError:
        raise InvalidInput(f"{file} is no UTF-8 text; convert it, or leave it out.") from None


def _at_desk(use: Callable[[DecisionFolder], Awaitable[Result]]) -> Result:
    from wipsie.app.decision_desk import opened_decision_desk
    from wipsie.cli.running import command_settings, run
    from wipsie.kernel.clock import SystemClock

    settings = command_settings()

    async def work() -> Result:
        async with opened_decision_desk(settings, SystemClock()) as desk:
            return await use(desk)

    return run(work())
