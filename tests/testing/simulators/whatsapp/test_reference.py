"""What the documentation says of the simulator is what the simulator says of itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from wipsie.testing.simulators.whatsapp import REGISTER, Behaviour, Phone, WhatsAppSimulator, fidelity
from wipsie.testing.simulators.whatsapp import faults as all_faults

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "whatsapp-simulator.md"


def test_the_page_holds_the_register_and_the_faults_as_they_are() -> None:
    text = PAGE.read_text("utf-8")
    assert fidelity.as_markdown() in text, "write fidelity.as_markdown() into the page"
    assert all_faults.as_markdown() in text, "write faults.as_markdown() into the page"


def test_every_line_of_the_register_is_one_behaviour_with_its_evidence() -> None:
    behaviours = [(line.area, line.behaviour) for line in REGISTER]
    assert len(set(behaviours)) == len(behaviours)
    assert {line.evidence for line in REGISTER} == set(fidelity.EVIDENCE)
    # Whoever reads that something is simplified learns how.
    assert [line.behaviour for line in REGISTER if line.degree == "simplified" and not line.note] == []


def test_the_settings_that_lines_name_exist() -> None:
    named = [name for line in REGISTER for name in re.findall(r"(\w+)=", line.note)]
    assert named
    assert set(named) <= set(Behaviour.__struct_fields__)


@pytest.mark.parametrize(("heading", "thing"), [("on a phone", Phone), ("on the simulator", WhatsAppSimulator)])
def test_the_methods_that_tables_name_exist(heading: str, thing: type) -> None:
    table = PAGE.read_text("utf-8").partition(f"| {heading} |")[2].partition("\n\n")[0]
    rows = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    named = [name for row in rows for name in re.findall(r"`(\w+)(?:\(|`)", row)]
    assert len(named) > 8
    given = {"faults", "clock", "templates", "log", "account", "chat"}
    # Within brackets stand names of what the thing before them has.
    inner = {"bubbles", "received", "mine"}
    assert [name for name in named if name not in given | inner and not hasattr(thing, name)] == []
