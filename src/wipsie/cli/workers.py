"""`workers`: which workers there are, on whatever machine."""

from __future__ import annotations

from wipsie.cli.output import AsJson, print_json, print_table, say


def workers(as_json: AsJson = False) -> None:
    """The workers of all processes and machines on this database.

    late: silent for longer than 20 seconds, most likely killed. Late and stopped ones are forgotten after an hour.

    \b
    Examples:
      wipsie workers
      wipsie workers --json
    """
    from wipsie.app.serve import prepare_database
    from wipsie.cli.running import command_settings, run
    from wipsie.database import Database
    from wipsie.kernel.clock import SystemClock
    from wipsie.slices.tasks.schemas.requests import WorkersResponse
    from wipsie.slices.tasks.workforce import Workforce

    settings = command_settings()

    async def read() -> WorkersResponse:
        await prepare_database(settings, migrate=False)
        clock = SystemClock()
        database = Database(settings.database.url, clock=clock)
        try:
            return await Workforce(database, clock).list()
        finally:
            await database.stop()

    found = run(read())
    if as_json:
        print_json(found)
        return
    if not found.workers:
        say("No worker has shown itself in the last hour; start one with: wipsie worker")
        return
    print_table(
        ["worker", "state", "queues", "busy", "processed", "failed", "last heartbeat", "started", "process"],
        [
            (
                one.id,
                one.state,
                ", ".join(one.queues),
                f"{one.busy} of {one.slots}",
                one.processed,
                one.failed,
                _short(one.last_heartbeat_at),
                _short(one.started_at),
                f"{one.pid} on {one.host}",
            )
            for one in found.workers
        ],
        right=["busy", "processed", "failed"],
    )


def _short(iso: str) -> str:
    return f"{iso[:10]} {iso[11:19]} UTC"
