"""`wipsie mail import`: mailboxes as they lie on a disk, into the archive."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wipsie.cli.mail.sizes import shown_size
from wipsie.cli.output import AsJson, note, print_json, print_table, progress, say

if TYPE_CHECKING:
    from wipsie.app.settings import Settings
    from wipsie.slices.mail.service.importing import ImportReport

_INTERRUPTED = 130


def import_mailboxes(
    paths: Annotated[
        list[Path],
        typer.Argument(exists=True, help="mbox files, Maildir folders, single mails, folders of them."),
    ],
    archive: Annotated[
        bool, typer.Option("--archive", help="Archive here and now, instead of leaving it to a running Wipsie.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take mailboxes into the archive: mbox files, Maildir folders and single mails, told apart by what is in them.

    Every mail is stored byte for byte and put on the queue; a running Wipsie archives it. With --archive this command
    does so itself, and rules act on what is new just the same. The mailboxes stay as they are. A mail that is in the archive already stays there once, so the same command may
    be run again at any time: after Ctrl-C, a kill, or when there is new mail. It waits while the queue is full.

    Of a Maildir, new/, cur/ and its sub-folders are taken, deleted mails that are still there too; what lies in tmp/ is not
    delivered yet. Links within folders are not followed. mbox files may be quoted as mboxrd or mboxo.

    \b
    Exit code 0: every mail that was found is taken. 1: some were not, and the table says which, or an error says what to do.
    130: stopped with Ctrl-C.

    \b
    Examples:
      wipsie mail import ~/Maildir
      wipsie mail import inbox.mbox sent.mbox old/letters
      wipsie mail import export.mbox --archive --json
    """
    from wipsie.cli.running import command_settings, run

    settings = command_settings()
    if not archive:
        _tell_of_workers(settings)
    with progress(hidden=as_json) as bars:
        task = bars.add_task("mails", total=None)

        def show(report: ImportReport) -> None:
            doing = "waiting for room in the queue" if report.is_waiting else report.last[-60:]
            bars.update(task, completed=report.taken, description=f"mails  {doing}")

        report = run(_import(settings, paths, show, archive=archive))
    _print_report(report, as_json=as_json, archived=archive)
    if report.interrupted:
        raise typer.Exit(_INTERRUPTED)
    if report.skipped:
        raise typer.Exit(1)


async def _import(
    settings: Settings, paths: list[Path], show: Callable[[ImportReport], None], *, archive: bool
) -> ImportReport:
    from wipsie.app.mail_desk import opened_mail_desk
    from wipsie.kernel.clock import SystemClock

    async with opened_mail_desk(settings, SystemClock()) as desk:
        await desk.record("import", at_once=archive)
        async with desk.opened_import(show, archive=archive) as mailboxes:
            running = asyncio.ensure_future(mailboxes.run(paths))
            try:
                return await asyncio.shield(running)
            except asyncio.CancelledError:
                note("Stopping after the mails under way …")
                mailboxes.stop()
                return await running


def _tell_of_workers(settings: Settings) -> None:
    from wipsie.app.instances import running_instances

    if not any("worker" in one.roles for one in running_instances(settings.data_dir)):
        note("No worker runs on this data folder; the mails wait in the queue until one does. Or add --archive.")


def _print_report(report: ImportReport, *, as_json: bool, archived: bool) -> None:
    if as_json:
        shown: dict[str, Any] = {
            "found": report.found,
            "taken": report.taken,
            "skipped": report.skipped,
            "bytes": report.bytes,
            "archived": archived,
            "interrupted": report.interrupted,
            "skips": report.skips,
        }
        print_json(shown)
        return
    if report.skips:
        print_table(["not taken", "why"], [(one.where, one.reason) for one in report.skips])
    if report.skipped > len(report.skips):
        say(f"… and {report.skipped - len(report.skips)} more.", style="yellow")
    print_table(
        ["found", "archived" if archived else "taken", "skipped", "size"],
        [(report.found, report.taken, report.skipped, shown_size(report.bytes))],
        right=["found", "archived", "taken", "skipped", "size"],
    )
    if report.interrupted:
        say("Stopped early. What was taken is taken; the same command takes the rest.")
