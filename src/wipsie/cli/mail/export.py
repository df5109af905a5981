"""`wipsie mail export`: mails as a file other programs read."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from wipsie.cli.mail.sizes import shown_size
from wipsie.cli.output import AsJson, Yes, confirm, note, print_json, print_table, progress, say
from wipsie.kernel.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from wipsie.app.settings import Settings
    from wipsie.slices.mail.service.exporting import Exported
    from wipsie.slices.mail.store.selection import Selection

_LOOK_EVERY_S = 0.1
_DAY_S = 86_400


def export(
    out: Annotated[Path, typer.Argument(dir_okay=False, help="File to write.", show_default=False)],
    form: Annotated[
        Literal["mbox", "parquet"] | None,
        typer.Option("--format", help="Without it: parquet for a name that ends so, else mbox.", show_default=False),
    ] = None,
    from_: Annotated[
        str | None, typer.Option("--from", help="First day, in UTC, for example 2025-01-01.", show_default=False)
    ] = None,
    to: Annotated[str | None, typer.Option("--to", help="Last day, in UTC.", show_default=False)] = None,
    sender: Annotated[
        str,
        typer.Option(help="Only mails from this address; @example.org takes all addresses there.", show_default=False),
    ] = "",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Write mails into a file, the oldest first. The days are those of the mails' own dates.

    \b
    mbox     the untouched originals, one after the other, quoted as mboxrd; letters, which have no original, as small mails
             of their four fields. Mail programs and wipsie mail import read it; imported, such a small mail is a mail of its
             own and no letter.
    parquet  a table with a row for each mail: what it says, who it is from and for, its attachments by name, size and
             SHA-256, its verdicts. DuckDB, polars, pandas and Athena read it.

    The file is there when it is whole, and only you may read it. A mail whose bytes are gone or changed is left out and told.

    \b
    Exit code 0: all selected mails are in the file. 1: some are not, and the table says which, or an error says what to do.

    \b
    Examples:
      wipsie mail export all.mbox
      wipsie mail export 2025.parquet --from 2025-01-01 --to 2025-12-31
      wipsie mail export ann.mbox --sender ann@example.org
    """
    from wipsie.cli.running import command_settings, run
    from wipsie.slices.mail.service.exporting import Exported
    from wipsie.slices.mail.store.selection import Selection

    chosen = form or ("parquet" if out.suffix == ".parquet" else "mbox")
    if not sender.isprintable():
        raise InvalidInput("--sender holds a character that no address has.", details={"field": "--sender"})
    selection = Selection(sender=sender)
    if from_ is not None:
        selection = _with(selection, from_s=_day_start_s(from_, "--from"))
    if to is not None:
        selection = _with(selection, until_s=_day_start_s(to, "--to") + _DAY_S)
    if selection.from_s >= selection.until_s:
        raise InvalidInput("--from is after --to; no mail can be of such a day.", details={"field": "--from"})
    if not out.parent.is_dir():
        raise InvalidInput(f"There is no folder {out.parent}; make it first.", details={"field": "OUT"})
    settings = command_settings()
    if out.exists():
        confirm(f"{out} is there already. Write over it?", yes=yes)
    report = Exported()
    with progress(hidden=as_json) as bars:
        task = bars.add_task("mails", total=None)
        run(
            _export(
                settings,
                out,
                selection,
                report,
                lambda: bars.update(task, completed=report.mails),
                as_table=chosen == "parquet",
            )
        )
    _print_report(out, chosen, report, as_json=as_json)
    if report.unreadable:
        raise typer.Exit(1)


async def _export(
    settings: Settings, out: Path, selection: Selection, report: Exported, show: Callable[[], object], *, as_table: bool
) -> None:
    from wipsie.app.mail_desk import opened_mail_desk
    from wipsie.kernel.clock import SystemClock

    async with opened_mail_desk(settings, SystemClock()) as desk:
        await desk.record("export", table=as_table)
        running = asyncio.ensure_future(desk.export(out, selection, as_table=as_table, report=report))
        try:
            while not running.done():
                await asyncio.wait((running,), timeout=_LOOK_EVERY_S)
                show()
        except asyncio.CancelledError:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            note(f"Stopped early. {out} was not written.")
            raise
        try:
            running.result()
        except OSError as error:
            raise InvalidInput(
                f"{out} cannot be written: {error.strerror or error}.", details={"field": "OUT"}
            ) from error


def _with(selection: Selection, **changes: int) -> Selection:
    import msgspec

    return msgspec.structs.replace(selection, **changes)


def _day_start_s(text: str, option: str) -> int:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            f"{option} must be a day such as 2025-01-31, not {text[:50]!r}.", details={"field": option}
        ) from None
    return int(datetime.combine(day, time(), UTC).timestamp())


def _print_report(out: Path, chosen: str, report: Exported, *, as_json: bool) -> None:
    size = out.stat().st_size
    if as_json:
        print_json(
            {
                "file": str(out),
                "format": chosen,
                "mails": report.mails,
                "bytes": size,
                "unreadable": report.unreadable,
                "missing": report.missing,
            }
        )
        return
    if report.missing:
        print_table(["not in the file", "why"], [(one.key, one.reason) for one in report.missing])
    say(f"{report.mails} mail(s) in {out}, {shown_size(size)}.")
    if report.unreadable:
        say(f"{report.unreadable} could not be read; wipsie mail verify tells more.", style="yellow")
