"""`wipsie search …`: the index of everything people wrote."""

from __future__ import annotations

import typer

from wipsie.cli.output import AsJson, print_json, progress, say

search_app = typer.Typer(help="The search over the team's records.", no_args_is_help=True, rich_markup_mode=None)


@search_app.callback()
def root() -> None:
    """The search over the team's records."""


@search_app.command()
def reindex(as_json: AsJson = False) -> None:
    """Build the search index anew from the records. Nothing stands still meanwhile.

    \b
    Example:
      wipsie search reindex
    """
    from wipsie.app.records_desk import reindex_records
    from wipsie.cli.running import command_settings, run
    from wipsie.kernel.clock import SystemClock

    settings = command_settings()
    with progress(hidden=as_json) as bars:
        task = bars.add_task("documents", total=None)
        count = run(
            reindex_records(settings, SystemClock(), lambda done, of: bars.update(task, completed=done, total=of))
        )
    if as_json:
        print_json({"documents": count})
    else:
        say(f"Indexed: {count} document{'' if count == 1 else 's'}.")
