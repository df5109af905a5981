"""The `demo` command: finds or starts a Wipsie, runs the tasks, prints what became of them."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wipsie.cli.output import AsJson, note, print_json, print_table, say
from wipsie.kernel.errors import Unavailable

if TYPE_CHECKING:
    from wipsie.app.settings import Settings
    from wipsie.cli.demo.run import DemoRun

_DATA = "penguins.csv"


def demo(
    start: Annotated[
        bool | None,
        typer.Option(
            "--start/--no-start",
            help="Start a private Wipsie for the demo, or never do. By default only when none is running.",
            show_default=False,
        ),
    ] = None,
    team: Annotated[
        bool,
        typer.Option("--team", help="Instead, fill an empty Wipsie with a made-up team and its week."),
    ] = False,
    timeout: Annotated[float, typer.Option(min=1, max=600, help="Seconds to wait for all results together.")] = 60.0,
    as_json: AsJson = False,
) -> None:
    """Send real work through every queue and print what became of it.

    Serves a public data set (the penguins of Palmer Station, CC0) on this machine, has Wipsie fetch it, analyse it and
    mail the result into the local mailbox. Uses the Wipsie that runs on your data folder; when none runs, it starts a
    private one in a temporary folder and removes it afterwards. Exit code 1 when anything is missing.

    \b
    Examples:
      wipsie demo
      wipsie demo --start --json
      WIPSIE_DATA_DIR=./demo wipsie demo --team
    """
    if team:
        from wipsie.cli.demo.team import fill_with_a_team

        fill_with_a_team(as_json=as_json)
        return
    from wipsie.app.settings import load_settings
    from wipsie.cli.running import run

    settings = load_settings()
    with ExitStack() as stack:
        address, data_dir, is_private = _find_or_start(settings, start, stack)
        recipient = "you@localhost" if is_private else settings.tasks.mail_from
        if not as_json:
            where = "a private one, in a temporary folder" if is_private else f"data in {data_dir}"
            note(f"Wipsie at {address} ({where})")
        runs, mail = run(_run(address, data_dir, recipient, timeout, quiet=as_json))
        by_smtp = bool(settings.tasks.smtp_url) and not is_private
        ok = all(one.succeeded for one in runs) and (by_smtp or mail is not None)
        reason = "" if ok else _reason(address, runs)
        if as_json:
            print_json(
                {
                    "ok": ok,
                    "url": address,
                    "private": is_private,
                    "messages": [asdict(one) for one in runs],
                    "mail": None if mail is None else str(mail),
                    "reason": reason or None,
                }
            )
        else:
            _print(runs, mail, by_smtp=by_smtp, ok=ok, reason=reason)
    if not ok:
        raise typer.Exit(1)


def _find_or_start(settings: Settings, start: bool | None, stack: ExitStack) -> tuple[str, Path, bool]:
    """(address, data folder, whether it is private). Unavailable when none may be started or used."""
    from wipsie.app.instances import running_address
    from wipsie.app.listening import url_of
    from wipsie.app.private_instance import private_instance
    from wipsie.cli.demo.client import ApiClient

    if start is not True:
        address = running_address(settings.data_dir)
        if address is not None and ApiClient(address).is_wipsie():
            return address, settings.data_dir, False
        configured = url_of(settings.api.host, settings.api.port)
        if ApiClient(configured).is_wipsie():
            raise Unavailable(
                f"The Wipsie at {configured} keeps its data elsewhere than {settings.data_dir}; run the demo in the folder "
                "where it was started, or set WIPSIE_DATA_DIR, or add --start for a private one."
            )
        if start is False:
            raise Unavailable(
                f"No Wipsie runs on {settings.data_dir}; start one with `wipsie up`, or leave --no-start out."
            )
        note(f"No Wipsie runs on {settings.data_dir}: starting a private one for this demo, in a temporary folder.")
    private = stack.enter_context(private_instance())
    return private.address, private.data_dir, True


async def _run(
    address: str, data_dir: Path, recipient: str, timeout_s: float, *, quiet: bool
) -> tuple[list[DemoRun], Path | None]:
    from importlib import resources

    from wipsie.app.polling_grants import HOST, polling_grant
    from wipsie.cli.demo.client import ApiClient
    from wipsie.cli.demo.file_server import served_file
    from wipsie.cli.demo.run import find_mail, run_tasks
    from wipsie.cli.demo.tasks import demo_tasks
    from wipsie.kernel.clock import SystemClock

    clock = SystemClock()
    client = ApiClient(address)
    file = resources.files("wipsie.slices.tasks").joinpath("data", _DATA)
    with (
        resources.as_file(file) as path,
        served_file(path, "text/csv; charset=utf-8") as port,
        polling_grant(data_dir, port, seconds=int(timeout_s) + 10, clock=clock),
    ):
        tasks = demo_tasks(f"http://{HOST}:{port}/{_DATA}", recipient)
        runs = await run_tasks(client, tasks, timeout_s=timeout_s, clock=clock, quiet=quiet)
    notified: list[dict[str, Any]] = [
        one["result"] for run in runs if run.task == "notify" and run.message_id for one in client.runs(run.message_id)
    ]
    sent = next((result["message_id"] for result in notified if result), None)
    return runs, None if sent is None else find_mail(data_dir / "mailbox", str(sent))


def _reason(address: str, runs: list[DemoRun]) -> str:
    from wipsie.cli.demo.client import ApiClient

    client = ApiClient(address)
    failed = next((one for one in runs if not one.succeeded), None)
    if failed is None:
        return "The notification is not in the mailbox."
    if not_ready := client.not_ready_because():
        return not_ready
    if failed.queue in client.paused_queues():
        return f"The queue '{failed.queue}' is paused; go on with: wipsie queue resume {failed.queue}"
    return failed.error or f"'{failed.task}' had no result in time."


def _print(runs: list[DemoRun], mail: Path | None, *, by_smtp: bool, ok: bool, reason: str) -> None:
    from wipsie.kernel.durations import format_duration

    print_table(
        ["message id", "queue", "attempts", "wait", "run time", "result"],
        [
            (
                one.message_id,
                one.queue,
                one.attempts or None,
                None if one.wait_ms is None else format_duration(one.wait_ms / 1000),
                None
                if one.run_ms is None
                else f"{one.run_ms:.1f} ms"
                if one.run_ms < 1000
                else f"{one.run_ms / 1000:.1f} s",
                one.summary if one.succeeded else f"{one.status}{': ' + one.error if one.error else ''}",
            )
            for one in runs
        ],
        right=["attempts", "wait", "run time"],
    )
    if mail is not None:
        say(f"The mail is in {mail}")
    elif by_smtp:
        say("The mail went to the server of SMTP_URL.")
    if ok:
        say(f"All {len(runs)} messages did their work.", style="green")
    else:
        say(f"Not everything worked. {reason}", style="red")
