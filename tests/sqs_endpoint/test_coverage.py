"""Nothing of the service is forgotten: every action and member that the model of the service knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqs_clients import Sqs

from wipsie.sqs_endpoint.actions.table import OPERATIONS

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "sqs-compatibility.md"


@pytest.fixture(scope="module")
def model(clients: dict[str, Sqs]) -> Any:
    return clients["json"].meta.service_model


def test_every_action_of_the_service_is_served(model: Any) -> None:
    assert sorted(OPERATIONS) == sorted(model.operation_names)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_member_of_an_input_is_read(model: Any, name: str) -> None:
    shape = model.operation_model(name).input_shape
    assert set(OPERATIONS[name].input.__struct_encode_fields__) == set(shape.members)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_an_action_has_a_result_where_the_service_describes_one(model: Any, name: str) -> None:
    assert OPERATIONS[name].has_result == (model.operation_model(name).output_shape is not None)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_action_has_a_row_in_the_reference(name: str) -> None:
    assert f"\n| `{name}` | " in REFERENCE.read_text("utf-8")
