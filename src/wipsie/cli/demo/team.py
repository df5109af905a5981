"""`wipsie demo --team`: fills an empty Wipsie with a made-up team and its week."""

from __future__ import annotations

from wipsie.cli.output import note, print_json, print_table, progress, say


def fill_with_a_team(*, as_json: bool) -> None:
    """Play the week, and say who can log in. Conflict when there are accounts already."""
    from wipsie.app.demo_team import play_week
    from wipsie.cli.running import command_settings, run
    from wipsie.kernel.clock import SystemClock

    settings = command_settings()
    with progress(hidden=as_json) as bars:
        task = bars.add_task("a week", total=None)
        team = run(
            play_week(
                settings,
                SystemClock(),
                on_progress=lambda done, total: bars.update(task, completed=done, total=total),
            )
        )
    if as_json:
        print_json({"people": team.people, "password": team.password, "acts": team.acts})
        return
    print_table(
        ["who", "role", "e-mail to log in with"],
        [(person.name, person.role, person.email) for person in team.people],
        title=f"A team of {len(team.people)}, and {team.acts} things they did in the last seven days",
    )
    say(f"The password of all of them: {team.password}")
    note(
        "No mail was sent. Start with `wipsie up`, log in with POST /api/auth/login or at /account, "
        "then look at /api/incidents, /api/status, /api/decisions, /api/blockers and /docs."
    )
