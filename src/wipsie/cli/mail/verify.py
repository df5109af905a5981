"""`wipsie mail verify`: is the archive what it should be?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from wipsie.cli.mail.sizes import shown_size
from wipsie.cli.output import AsJson, print_json, print_table, progress, say

if TYPE_CHECKING:
    from rich.progress import TaskID

    from wipsie.app.settings import Settings
    from wipsie.slices.mail.service.verifying import VerifyReport
    from wipsie.slices.mail.service.verifying.findings import Progress

_SOMETHING_FOUND = 3


def verify(
    quick: Annotated[
        bool, typer.Option("--quick", help="Compare keys and sizes only; no mail is read, and no checksum.")
    ] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Index what is not, and bring attachments back. Nothing is deleted.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare the archive with its index and with its checksums. Wipsie may run meanwhile.

    Looked for are documents the index does not have, mails of the index without their document, documents, originals and
    attachments that are gone or changed, and objects that are not what their key says. Originals and attachments no mail
    refers to are told and are no damage: they may belong to mails that wait in the queue.

    --repair indexes documents that are not in the index, and takes attachments that are gone or changed out of their
    originals again. Originals and documents that are gone come back from a copy of the object store alone.

    \b
    Exit code 0: all is well, or well again. 1: an error says what to do. 3: something was found that is not mended.

    \b
    Examples:
      wipsie mail verify --quick
      wipsie mail verify --repair
      wipsie mail verify --json > findings.json
    """
    from wipsie.cli.running import command_settings, run

    settings = command_settings()
    with progress(hidden=as_json) as bars:
        tasks: dict[str, TaskID] = {}

        def show(what: str, done: int, total: int | None) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        report = run(_verify(settings, show, quick=quick, repair=repair))
    _print_report(report, quick=quick, as_json=as_json)
    if not report.is_well:
        raise typer.Exit(_SOMETHING_FOUND)


async def _verify(settings: Settings, show: Progress, *, quick: bool, repair: bool) -> VerifyReport:
    from wipsie.app.mail_desk import opened_mail_desk
    from wipsie.kernel.clock import SystemClock

    async with opened_mail_desk(settings, SystemClock()) as desk:
        if repair:
            await desk.record("repair")
        return await desk.verifier().run(quick=quick, repair=repair, on_progress=show)


def _print_report(report: VerifyReport, *, quick: bool, as_json: bool) -> None:
    from wipsie.slices.mail.service.verifying import KINDS

    if as_json:
        shown: dict[str, Any] = {
            "well": report.is_well,
            "quick": quick,
            "documents": report.documents,
            "originals": report.originals,
            "attachments": report.attachments,
            "bytes_read": report.bytes_read,
            "found": report.found,
            "mended": report.mended,
            "findings": report.findings,
        }
        print_json(shown)
        return
    if report.findings:
        print_table(
            ["found", "object", "what of it"],
            [
                (
                    one.kind.replace("_", " "),
                    one.key,
                    "; ".join(text for text in (one.detail, "mended" if one.mended else "") if text),
                )
                for one in report.findings
            ],
        )
        print_table(
            ["count", "mended", "of what"],
            [(report.found[kind], report.mended[kind], text) for kind, text in KINDS.items() if report.found[kind]],
            right=["count", "mended"],
        )
    looked = f"{report.documents} documents, {report.originals} originals, {report.attachments} attachments"
    read = "keys and sizes" if quick else f"{shown_size(report.bytes_read)} read"
    say(f"{'All is well' if report.is_well else 'Something is wrong'}: {looked}; {read}.")
