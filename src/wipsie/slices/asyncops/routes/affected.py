"""The filter of incidents by what they affect."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement, select

from wipsie.api.lists import Context, TextIs
from wipsie.api.openapi import Parameter
from wipsie.slices.asyncops.store.incidents import COLUMNS, incident_components_table

_COMPONENTS = incident_components_table.c


class Affected:
    """``affected=mail`` takes incidents that affect this component, in whatever case it was written."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._text = TextIs(name, _COMPONENTS.component, about="Only what affects this component.", example="mail")
        self.parameters: tuple[Parameter, ...] = self._text.parameters

    def condition(self, given: Mapping[str, str], context: Context) -> ColumnElement[bool] | None:
        folded = {name: text.casefold() for name, text in given.items() if name == self.name}
        named = self._text.condition(folded, context)
        return None if named is None else COLUMNS.id.in_(select(_COMPONENTS.incident_id).where(named))
