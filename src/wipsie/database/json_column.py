"""Columns that hold a typed value as JSON text: lists and structs of a record that are never searched by."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator

from wipsie.kernel import json


class Json(TypeDecorator[Any]):
    """JSON text of a type msgspec knows; Python sees values of that type. NULL is None."""

    impl = Text
    cache_ok = True
    """By the attributes that are named like parameters of `__init__`: columns of one kind are read in one way."""

    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.kind = kind
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(kind)

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        del dialect
        return None if value is None else json.encode_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        del dialect
        return None if value is None else self._decoder.decode(value)
