"""Ids of choices: what is written can be read, and everything else is nobody's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wipsie.slices.vault.domain.catalogue import REPORT_TYPES
from wipsie.slices.vault.domain.commands import Command
from wipsie.slices.vault.domain.commands.command import (
    EraseCommand,
    ExportCommand,
    Get,
    Help,
    LanguageCommand,
    ListCommand,
    Stop,
    UndoCommand,
    Unshare,
)
from wipsie.slices.vault.domain.conversation.choices import (
    CommandChoice,
    DraftChoice,
    command_choice,
    draft_choice,
    read_choice,
)


@pytest.mark.parametrize(
    "command",
    [
        ListCommand(),
        ListCommand(page=9_999, year=2025, type="discharge_summary"),
        Get(number=999_999),
        Unshare(number=1),
        UndoCommand(number=12),
        LanguageCommand(language="pt"),
        ExportCommand(),
        EraseCommand(),
        Help(),
    ],
)
def test_a_command_that_is_tapped_is_the_one_that_was_offered(command: Command) -> None:
    choice = command_choice(command)

    assert read_choice(choice) == CommandChoice(command)
    assert len(choice) <= 200


def test_what_ends_everything_is_never_one_tap_away() -> None:
    with pytest.raises(ValueError, match="typed, never tapped"):
        command_choice(Stop())


@given(st.from_regex(r"[A-Za-z0-9_-]{4,40}", fullmatch=True), st.integers(0, 999_999), st.sampled_from(REPORT_TYPES))
def test_a_choice_of_a_draft_says_which_draft_and_which_version(id_: str, version: int, kind: str) -> None:
    choice = draft_choice(id_, version, f"type:{kind}")

    assert read_choice(choice) == DraftChoice(id_, version, f"type:{kind}")
    assert len(choice) <= 200


@given(st.text(max_size=300))
def test_any_text_is_a_choice_or_none(text: str) -> None:
    read_choice(text)
