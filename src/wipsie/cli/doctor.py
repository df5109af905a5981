"""`doctor`: what is wrong, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from wipsie.cli.output import AsJson, print_json

if TYPE_CHECKING:
    from wipsie.app.doctor import Finding


def doctor(as_json: AsJson = False) -> None:
    """Check settings, disk, database, audit log, queues, ports, workers and mail; say what to do about what is wrong.

    Changes nothing. Exit code 1 when something fails; warnings alone are fine.

    \b
    Examples:
      wipsie doctor
      wipsie doctor --json
    """
    from wipsie.app.doctor import FAIL, examine
    from wipsie.cli.running import run

    findings = run(examine())
    if as_json:
        print_json({"ok": not any(one.status == FAIL for one in findings), "checks": findings})
    else:
        _print(findings)
    if any(one.status == FAIL for one in findings):
        raise typer.Exit(1)


def _print(findings: Sequence[Finding]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    styles = {"ok": "green", "warn": "yellow", "fail": "bold red"}
    for one in findings:
        line = Text.assemble((f"{one.status:<5}", styles[one.status]), (f"{one.check:<12}", "bold"), one.detail)
        console.print(line, soft_wrap=True)
        if one.advice:
            console.print(Text(f"{'':<17}{one.advice}", style="dim"), soft_wrap=True)
