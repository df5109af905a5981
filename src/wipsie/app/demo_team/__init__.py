"""A made-up team with a week behind it: for `wipsie demo --team`, so that there is something to look at."""

from __future__ import annotations

from wipsie.app.demo_team.play import DemoTeam, play_week

__all__ = ["DemoTeam", "play_week"]
