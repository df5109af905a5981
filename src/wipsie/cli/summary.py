"""`wipsie summary …`: daily summaries, made by hand, read, and looked at before they are there."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

from wipsie.cli.output import AsJson, note, print_json, say
from wipsie.kernel.errors import InvalidInput

if TYPE_CHECKING:
    from wipsie.app.summary_desk import SummaryDesk
    from wipsie.slices.asyncops.domain.digest.content import Digest
    from wipsie.slices.asyncops.store.summaries import DailySummary

Result = TypeVar("Result")
Form = Literal["text", "md", "html", "json"]
Format = Annotated[Form, typer.Option("--format", help="How to print it.")]

summary_app = typer.Typer(
    help="Daily summaries: what happened in 24 hours, and what needs somebody.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@summary_app.command()
def run(
    day: Annotated[
        str | None, typer.Option("--date", help="Of this day, such as 2025-11-28; without it, the last one due.")
    ] = None,
    send: Annotated[bool, typer.Option("--send", help="Send it by mail to everybody who wants summaries.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a summary now. When there is one of that day already, this is its next edition; the first stays as it is.

    \b
    Examples:
      wipsie summary run
      wipsie summary run --date 2025-11-28 --send
    """
    wanted = None if day is None else _day(day)

    async def make(desk: SummaryDesk) -> DailySummary:
        return await desk.run(desk.service.window_for(day=wanted), send=send)

    made = _at_desk(make)
    if as_json:
        print_json(made)
        return
    say(f"{made.id}: {made.for_date}, edition {made.edition}. {' '.join(made.headline)}")
    if made.sent_to is not None:
        note(f"Sent to {made.sent_to} people; `wipsie queue stats` shows the mail on its way.")


@summary_app.command()
def show(
    day: Annotated[str, typer.Argument(help="A day such as 2025-11-28, an id, or latest.")] = "latest",
    form: Format = "text",
    as_json: AsJson = False,
) -> None:
    """A summary that was made.

    \b
    Examples:
      wipsie summary show
      wipsie summary show 2025-11-28 --format html > summary.html
    """

    async def find(desk: SummaryDesk) -> str:
        found = await desk.show(day)
        return _written(
            found.content, "json" if as_json else form, path=f"/api/summaries/{found.id}.html", base_url=desk.public_url
        )

    _print(_at_desk(find))


@summary_app.command()
def preview(
    day: Annotated[str, typer.Argument(help="A day such as 2025-11-28.", show_default=False)],
    form: Format = "text",
    as_json: AsJson = False,
) -> None:
    """What the summary of a past day says, from what is known of it. Nothing is kept.

    \b
    Example:
      wipsie summary preview 2025-11-28
    """
    wanted = _day(day)

    async def look(desk: SummaryDesk) -> str:
        digest = await desk.preview(desk.service.window_for(day=wanted))
        return _written(digest, "json" if as_json else form, path=None, base_url=desk.public_url)

    _print(_at_desk(look))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            f"'{text[:40]}' is not a day; write for example 2025-11-28.", details={"field": "date"}
        ) from None


def _written(digest: Digest, form: Form, *, path: str | None, base_url: str) -> str:
    import msgspec

    from wipsie.slices.asyncops.domain.digest_pages.as_html import as_html
    from wipsie.slices.asyncops.domain.digest_pages.as_markdown import as_markdown
    from wipsie.slices.asyncops.domain.digest_pages.as_text import as_text
    from wipsie.slices.asyncops.domain.digest_pages.layout import lay_out

    if form == "json":
        return msgspec.json.format(msgspec.json.encode(digest), indent=2).decode() + "\n"
    outline = lay_out(digest, path=path)
    if form == "html":
        return as_html(outline, base_url=base_url)
    return as_markdown(outline, base_url=base_url) if form == "md" else as_text(outline, base_url=base_url)


def _print(text: str) -> None:
    sys.stdout.buffer.write(text.encode())
    sys.stdout.buffer.flush()


def _at_desk(use: Callable[[SummaryDesk], Awaitable[Result]]) -> Result:
    from wipsie.app.summary_desk import opened_summary_desk
    from wipsie.cli.running import command_settings
    from wipsie.cli.running import run as run_to_end
    from wipsie.kernel.clock import SystemClock

    settings = command_settings()

    async def work() -> Result:
        async with opened_summary_desk(settings, SystemClock()) as desk:
            return await use(desk)

    return run_to_end(work())
