"""`wipsie summary …`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import Result

from wipsie.kernel.errors import InvalidInput, NotFound

Wipsie = Callable[..., Result]
WipsieJson = Callable[..., Any]


def test_a_summary_is_made_by_hand_shown_in_each_form_and_made_again_as_a_further_edition(
    wipsie: Wipsie, wipsie_json: WipsieJson
) -> None:
    first = wipsie_json("summary", "run", "--date", "2025-11-28")
    assert (first["for_date"], first["edition"], first["generator"], first["sent_to"]) == (
        "2025-11-28",
        1,
        "manual",
        None,
    )
    again = wipsie_json("summary", "run", "--date", "2025-11-28", "--send")
    assert (again["edition"], again["sent_to"], again["content_hash"]) == (2, 0, first["content_hash"])
    assert (
        "2025-11-28, edition 3. Nothing needs anybody today." in wipsie("summary", "run", "--date", "2025-11-28").stdout
    )
    text = wipsie("summary", "show", "2025-11-28").stdout
    assert text.startswith("Daily summary for Friday, 28 November 2025\n")
    assert wipsie("summary", "show").stdout == text
    assert wipsie("summary", "show", first["id"], "--format", "md").stdout.startswith("# Daily summary for Friday")
    assert wipsie("summary", "show", "--format", "html").stdout.startswith("<!DOCTYPE html>")
    content = json.loads(wipsie("summary", "show", "--format", "json").stdout)
    assert wipsie_json("summary", "show", "latest") == content
    assert (content["schema"], content["hash"]) == ("wipsie.daily-summary/1", first["content_hash"])


def test_a_preview_keeps_nothing(wipsie: Wipsie) -> None:
    assert "Nothing needs anybody today." in wipsie("summary", "preview", "2025-11-28").stdout
    with pytest.raises(NotFound):
        wipsie("summary", "show", "2025-11-28")


@pytest.mark.parametrize("day", ["tomorrow", "2025-02-30", "2199-01-01", "1999-01-01"])
def test_days_that_are_none_or_not_over_are_refused_in_a_sentence(wipsie: Wipsie, day: str) -> None:
    for command in (("summary", "preview", day), ("summary", "run", "--date", day)):
        with pytest.raises(InvalidInput):
            wipsie(*command)


def test_there_is_nothing_to_show_before_there_is_one(wipsie: Wipsie) -> None:
    with pytest.raises(NotFound, match="latest"):
        wipsie("summary", "show")
