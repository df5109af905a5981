"""Help a newcomer can live on."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from wipsie.cli.main import app


def commands() -> list[tuple[str, ...]]:
    """Every command as it is typed."""
    root = typer.main.get_command(app)
    found: list[tuple[str, ...]] = []
    for name, command in root.commands.items():  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType]
        inner = getattr(command, "commands", None)  # pyright: ignore[reportUnknownArgumentType]
        if inner is None:
            found.append((str(name),))  # pyright: ignore[reportUnknownArgumentType]
        else:
            found += [(str(name), str(verb)) for verb in inner]  # pyright: ignore[reportUnknownArgumentType]
    return found


def help_of(*arguments: str) -> str:
    result = CliRunner().invoke(app, [*arguments, "--help"])
    assert result.exit_code == 0
    return result.stdout


def test_the_first_page_tells_where_to_start() -> None:
    text = help_of()
    assert text.index("wipsie up") < text.index("wipsie demo") < text.index("Commands:")


def test_all_commands_of_the_product_are_there() -> None:
    assert {name for name, *_ in commands()} == {
        *("up", "api", "worker", "scheduler", "migrate", "demo", "doctor", "bench", "version"),
        *(
            "queue",
            "schedule",
            "audit",
            "workers",
            "settings",
            "openapi",
            "privacy",
            "search",
            "users",
            "keys",
            "decisions",
            "summary",
            "mail",
            "simulator",
            "vault",
        ),
    }
    verbs = {name[1] for name in commands() if name[0] == "queue"}
    assert verbs == {
        *("list", "stats", "send", "receive", "peek", "delete", "purge", "redrive", "process", "pause", "resume"),
        "migrate",
    }


@pytest.mark.parametrize("command", [name for name in commands() if name != ("version",)], ids=" ".join)
def test_every_help_shows_an_example(command: tuple[str, ...]) -> None:
    text = help_of(*command)
    assert "Example" in text
    assert f"wipsie {' '.join(command)}" in text.split("Example", 1)[1]


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_every_command_that_prints_data_can_print_json(command: tuple[str, ...]) -> None:
    # An export is lines of JSON, and nothing else; a token is one line.
    without = {("up",), ("api",), ("worker",), ("scheduler",), ("openapi",), ("audit", "export"), ("privacy", "export")}
    without |= {("mail", "token")}
    assert ("--json" in help_of(*command)) == (command not in without)
