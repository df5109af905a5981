"""`bench`: what this machine does, in seconds, without touching your data."""

from __future__ import annotations

from typing import Annotated

import typer

from wipsie.cli.output import AsJson, note, print_json, print_table


def bench(
    seconds: Annotated[float, typer.Option(min=0.2, max=60, help="How long each measurement takes.")] = 2.0,
    senders: Annotated[int, typer.Option(min=1, max=2000, help="Senders at the same time.")] = 200,
    as_json: AsJson = False,
) -> None:
    """Measure durable sends and processed tasks a second, in a temporary folder.

    A first impression: for comparisons with other systems, backlogs and HTTP run `make bench` in the repository.

    \b
    Examples:
      wipsie bench
      wipsie bench --seconds 5 --json
    """
    from wipsie.app.quick_bench import quick_bench
    from wipsie.cli.running import run

    if not as_json:
        note(f"Measuring in a temporary folder, about {2 * seconds:.0f} s …")
    measured = run(quick_bench(seconds_each=seconds, senders=senders))
    if as_json:
        print_json(measured)
        return
    print_table(
        ["what", "count", "seconds", "per second"],
        [
            ("durable sends", measured.sent, f"{measured.send_s:.2f}", f"{measured.sends_per_s:,.0f}"),
            ("tasks processed", measured.processed, f"{measured.process_s:.2f}", f"{measured.processed_per_s:,.0f}"),
        ],
        right=["count", "seconds", "per second"],
    )
    note(f"{senders} senders in one process; tasks do nothing but are acknowledged and recorded durably.")
