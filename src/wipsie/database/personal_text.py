"""Finds and takes out what a person is called (name and address) in texts, wherever a table holds texts of people."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec
from sqlalchemy import ColumnElement, Table, Text, or_, select, type_coerce, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.kernel import json

NOBODY = "Former member"
"""What stands where a name stood."""
NAME_CHARACTERS_MIN = 2
"""A shorter name is not looked for in texts: it would be found in words that have nothing to do with anybody."""
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9@.\-]+")


class PersonalText:
    """What one person is called in texts.

    A name is looked for as it is written in the account, as words of their own; an address in any case. So a name that is a
    word of the language as well (Mark, May) is taken out of texts where it is written just so.
    """

    def __init__(self, *, user_id: str, name: str, email: str) -> None:
        self.user_id = user_id
        self.name = name
        self.email = email
        self.address = f"{user_id}@erased.invalid"
        """What stands where an address stood: nobody gets mail there (RFC 2606)."""
        parts: list[tuple[str, int, str]] = [(re.escape(form), re.IGNORECASE, self.address) for form in _forms(email)]
        if len(name.strip()) >= NAME_CHARACTERS_MIN:
            parts += [(rf"(?<!\w){re.escape(form)}(?!\w)", 0, NOBODY) for form in _forms(name)]
        # Whatever the mention calls them.
        parts.append((rf"@\[[^\[\]\n]{{1,200}}\]\({re.escape(user_id)}\)", 0, f"@[{NOBODY}]({user_id})"))
        self._patterns = [(re.compile(pattern, flags), instead) for pattern, flags, instead in parts]
        wanted = [email, *([name] if len(name.strip()) >= NAME_CHARACTERS_MIN else [])]
        # For the database, which need not find them exactly, but must find them all, escaped in JSON or not.
        self._likes = [f"%{_NOT_PLAIN.sub('%', one)}%" for one in wanted] + [f"%]({user_id})%"]

    def is_in(self, value: Any) -> bool:
        """Whether a text, or a text in lists and objects of JSON, names them."""
        plain = msgspec.to_builtins(value)
        return self.without(plain) != plain

    def without(self, value: Any) -> Any:
        """The same without their name and address."""
        if isinstance(value, str):
            for pattern, instead in self._patterns:
                value = pattern.sub(lambda _, instead=instead: instead, value)
            return value
        if isinstance(value, msgspec.Struct):
            return self.without(msgspec.to_builtins(value))
        if isinstance(value, list):
            return [self.without(one) for one in cast("list[Any]", value)]
        if isinstance(value, dict):
            return {self.without(key): self.without(one) for key, one in cast("dict[Any, Any]", value).items()}
        return value

    def may_be_in(self, columns: Sequence[ColumnElement[Any]]) -> ColumnElement[bool]:
        """A condition that all rows which name them fulfil; some others may, too."""
        return or_(*(type_coerce(column, Text).ilike(like) for column in columns for like in self._likes))

    async def rows(
        self, connection: AsyncConnection, table: Table, names: Sequence[str], *conditions: ColumnElement[bool]
    ) -> list[Mapping[str, Any]]:
        """The rows of a table that name them in one of these columns."""
        columns = [table.c[name] for name in names]
        wanted = select(table).where(self.may_be_in(columns), *conditions)
        rows = (await connection.execute(wanted)).mappings()
        return [dict(row) for row in rows if any(self.is_in(row[name]) for name in names)]

    async def take_out(self, connection: AsyncConnection, table: Table, names: Sequence[str]) -> int:
        """Take them out of these columns; of how many rows."""
        rows = await self.rows(connection, table, names)
        for row in rows:
            changed = {
                name: after for name in names if (after := self.without(row[name])) != msgspec.to_builtins(row[name])
            }
            await connection.execute(update(table).where(*_is(table, row)).values(changed))
        return len(rows)


def _is(table: Table, row: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    return [key == row[key.key] for key in table.primary_key.columns]


def _forms(text: str) -> list[str]:
    """As it is, and as it stands within JSON text."""
    escaped = json.encode_text(text)[1:-1]
    return list(dict.fromkeys([text, escaped]))
