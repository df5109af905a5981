"""`wipsie mail reindex`: the index of the archive, made again from its objects."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wipsie.cli.output import AsJson, Yes, confirm, note, print_json, print_table, progress, say

if TYPE_CHECKING:
    from wipsie.app.settings import Settings
    from wipsie.slices.mail.service.reindexing import Progress, ReindexReport
    from wipsie.slices.mail.store.renewal import Losses


def reindex(
    from_scratch: Annotated[
        bool, typer.Option("--from-scratch", help="Write all of it anew, and take out mails whose documents are gone.")
    ] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Build the index of the archive from its objects. Wipsie may run meanwhile; rules are not run again.

    What the index lacks is added, and what differs from its document is written anew; how mails came, their tags and holds
    stay. What the index has and the archive has not is left alone: wipsie mail verify tells of it.

    --from-scratch writes also anew what seems right, and takes out of the index what the archive does not have, but for mails that
    are held. How those came and their tags are lost with them: the command says how many, and asks before.

    An index that was lost comes back with one arrival for each mail, as its document tells it, without tags and holds; the time
    mails are kept for (MAIL_RETENTION) begins anew. Attachments of mails it did not have yet may have gone with mails that were
    erased meanwhile: wipsie mail verify --repair brings them back.

    \b
    Exit code 0: every object is in the index. 1: some are not, and the table says why, or an error says what to do.

    \b
    Examples:
      wipsie mail reindex
      wipsie mail reindex --from-scratch --yes
    """
    from wipsie.cli.running import command_settings, run

    settings = command_settings()
    if from_scratch:
        lost = _sentence(run(_losses(settings)))
        if lost:
            confirm(f"{lost} Go on?", yes=yes)
    with progress(hidden=as_json) as bars:
        task = bars.add_task("objects", total=None)
        report = run(
            _reindex(settings, lambda done, of: bars.update(task, completed=done, total=of), from_scratch=from_scratch)
        )
    _print_report(report, as_json=as_json)
    if report.refused:
        raise typer.Exit(1)


async def _losses(settings: Settings) -> Losses:
    from wipsie.app.mail_desk import opened_mail_desk
    from wipsie.kernel.clock import SystemClock

    async with opened_mail_desk(settings, SystemClock()) as desk:
        return await desk.reindexer().losses()


async def _reindex(settings: Settings, show: Progress, *, from_scratch: bool) -> ReindexReport:
    from wipsie.app.mail_desk import opened_mail_desk
    from wipsie.kernel.clock import SystemClock

    async with opened_mail_desk(settings, SystemClock()) as desk:
        await desk.record("reindex", from_scratch=from_scratch)
        try:
            return await desk.reindexer().run(from_scratch=from_scratch, on_progress=show)
        except asyncio.CancelledError:
            note("Stopped early. What is indexed stays; run wipsie mail reindex for the rest.")
            raise


def _sentence(losses: Losses) -> str:
    """Empty where nothing is lost."""
    if not losses.mails:
        return ""
    return (
        f"{losses.mails} mail(s) have no document any more and leave the index, with {losses.arrivals} arrival(s) and "
        f"{losses.tags} tag(s)."
    )


def _print_report(report: ReindexReport, *, as_json: bool) -> None:
    counts: dict[str, Any] = {
        "objects": report.objects,
        "added": report.added,
        "renewed": report.renewed,
        "unchanged": report.unchanged,
        "leaving": report.leaving,
        "refused": report.refused,
    }
    if as_json:
        print_json({**counts, "lost": report.lost, "refusals": report.refusals})
        return
    if report.refusals:
        print_table(["not indexed", "why"], [(one.key, one.reason) for one in report.refusals])
    print_table(list(counts), [list(counts.values())], right=list(counts))
    if report.lost is not None and (sentence := _sentence(report.lost)):
        say(sentence, style="yellow")
