"""`up`, `api`, `worker`, `scheduler`: run Wipsie or a part of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from wipsie.app.settings import Settings

Host = Annotated[str | None, typer.Option("--host", help="Address to listen on (API_HOST).")]
Port = Annotated[int | None, typer.Option("--port", min=0, max=65535, help="Port to listen on (API_PORT).")]


Slices = Annotated[
    str | None, typer.Option("--slices", metavar="NAMES", help="Parts to serve, a comma list (WIPSIE_SLICES).")
]


def up(host: Host = None, port: Port = None, slices: Slices = None) -> None:
    """Start Wipsie: API, worker and scheduler in one process, until Ctrl-C.

    Makes the data folder and the database ready first. WIPSIE_ROLES leaves parts out, WIPSIE_DATA_DIR moves the data.

    \b
    Examples:
      wipsie up
      API_PORT=8010 WIPSIE_DATA_DIR=/srv/wipsie wipsie up
      WIPSIE_ROLES=worker,scheduler wipsie up
    """
    _serve(None, host=host, port=port, slices=slices, migrate=True)


def api(host: Host = None, port: Port = None, slices: Slices = None) -> None:
    """Start the HTTP API alone; run `wipsie worker` beside it.

    \b
    Examples:
      wipsie api --port 8010
      wipsie api --slices mail
    """
    _serve(("api",), host=host, port=port, slices=slices, migrate=False)


def worker(
    processes: Annotated[
        str | None,
        typer.Option("--processes", metavar="N", help="Processes to run, or auto for one per core (WORKER_PROCESSES)."),
    ] = None,
    slices: Slices = None,
    tied: Annotated[int | None, typer.Option("--tied", hidden=True, min=1)] = None,
) -> None:
    """Start a worker alone; as many as you like may share the queues.

    With several processes, a parent starts them, starts those again that die, and stops them all with itself.

    \b
    Examples:
      wipsie worker
      wipsie worker --processes auto
      wipsie worker --slices mail
      WORKER_QUEUES=notifications WORKER_CONCURRENCY=4 wipsie worker
    """
    from wipsie.app.serve import serve
    from wipsie.app.settings import load_settings, parsers

    settings = _with_slices(load_settings(), slices)
    if tied is not None:
        serve(settings, ("worker",), migrate=False, tied=True, number=tied)
        return
    try:
        count = settings.worker.processes if processes is None else parsers.process_count(processes)
    except ValueError:
        raise typer.BadParameter("must be auto, or a whole number from 1 to 256", param_hint="--processes") from None
    if count == 1:
        serve(settings, ("worker",), migrate=False)
        return
    from wipsie.app.worker_processes import run_worker_processes

    run_worker_processes(settings, count)


def scheduler() -> None:
    """Start a scheduler alone; several fire each schedule once between them.

    \b
    Example:
      wipsie scheduler
    """
    _serve(("scheduler",), migrate=False)


def _serve(
    roles: tuple[str, ...] | None,
    *,
    host: str | None = None,
    port: int | None = None,
    slices: str | None = None,
    migrate: bool,
) -> None:
    import dataclasses
    import sys
    from pathlib import Path

    import wipsie
    from wipsie.app.serve import serve, serve_reloading
    from wipsie.app.settings import load_settings

    settings = _with_slices(load_settings(), slices)
    chosen = {"host": host, "port": port}
    api_section = dataclasses.replace(
        settings.api, **{name: value for name, value in chosen.items() if value is not None}
    )
    settings = dataclasses.replace(settings, api=api_section)
    # `up` alone brings it: whoever starts a part of Wipsie runs it for real.
    with_simulator = roles is None
    roles = roles or settings.instance.roles
    if settings.api.reload and "api" in roles:
        command = ["env", "API_RELOAD=false", sys.executable, "-m", "wipsie", *sys.argv[1:]]
        serve_reloading(command, Path(wipsie.__file__).parent)
        return
    serve(settings, roles, migrate=migrate, with_simulator=with_simulator)


def _with_slices(settings: Settings, text: str | None) -> Settings:
    if text is None:
        return settings
    import dataclasses

    from wipsie.app.settings import parsers
    from wipsie.app.settings.sections import SLICES

    try:
        slices = parsers.words(*SLICES)(text)
    except ValueError:
        raise typer.BadParameter(f"must be a comma list of {', '.join(SLICES)}", param_hint="--slices") from None
    return dataclasses.replace(settings, instance=dataclasses.replace(settings.instance, slices=slices))
