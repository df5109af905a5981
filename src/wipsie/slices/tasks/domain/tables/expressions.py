"""Expressions of derived columns: arithmetic, comparison and a few functions, read as a tree and never executed as code.

Allowed: numbers, texts, ``true false null``, column names, ``+ - * / // % **``, comparisons, ``and or not``,
``a if condition else b``, and the functions below (``round(x)`` or ``round(x, digits)``). A name that is not a word is written ``col("Body Mass (g)")``.
"""

# Polars' signatures name types of optional libraries; without those installed its members are "partially unknown".
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from wipsie.kernel.errors import InvalidInput
from wipsie.slices.tasks.domain.tables.columns import require_columns

DEPTH_MAX = 40
ROUND_DIGITS_MAX = 15

_BINARY: dict[type[ast.operator], Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.Div: lambda left, right: left / right,
    ast.FloorDiv: lambda left, right: left // right,
    ast.Mod: lambda left, right: left % right,
    ast.Pow: lambda left, right: left.cast(pl.Float64) ** right,
}
_COMPARE: dict[type[ast.cmpop], Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    ast.Eq: lambda left, right: left == right,
    ast.NotEq: lambda left, right: left != right,
    ast.Lt: lambda left, right: left < right,
    ast.LtE: lambda left, right: left <= right,
    ast.Gt: lambda left, right: left > right,
    ast.GtE: lambda left, right: left >= right,
}
_ONE: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    "abs": lambda value: value.abs(),
    "round": lambda value: value.round(0),
    "floor": lambda value: value.floor(),
    "ceil": lambda value: value.ceil(),
    "sqrt": lambda value: value.sqrt(),
    "log": lambda value: value.log(),
    "exp": lambda value: value.exp(),
    "lower": lambda value: value.cast(pl.String).str.to_lowercase(),
    "upper": lambda value: value.cast(pl.String).str.to_uppercase(),
    "length": lambda value: value.cast(pl.String).str.len_chars(),
    "text": lambda value: value.cast(pl.String),
    "is_null": lambda value: value.is_null(),
}
_TWO: dict[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    "coalesce": pl.coalesce,
    "minimum": pl.min_horizontal,
    "maximum": pl.max_horizontal,
}
FUNCTIONS = (*_ONE, *_TWO)
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "True": True, "False": False, "None": None}


def parse_expression(text: str, columns: Sequence[str]) -> pl.Expr:
    """A Polars expression over `columns`. InvalidInput says what is not understood, and lists columns or functions."""
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _refuse(text, "it is not an expression") from None
    return _build(tree, text, columns, 0)


def _refuse(text: str, reason: str) -> InvalidInput:
    return InvalidInput(
        f"The expression '{text}' cannot be used: {reason}.",
        details={"field": "processing_options.derive", "expression": text, "functions": sorted(FUNCTIONS)},
    )


def _build(node: ast.expr, text: str, columns: Sequence[str], depth: int) -> pl.Expr:
    if depth > DEPTH_MAX:
        raise _refuse(text, f"it is nested deeper than {DEPTH_MAX}")

    def inner(child: ast.expr) -> pl.Expr:
        return _build(child, text, columns, depth + 1)

    match node:
        case ast.Constant(value=bool() | int() | float() | str() | None as value):
            if isinstance(value, int) and abs(value) >= 2**63:
                raise _refuse(text, "a whole number is too large")
            return pl.lit(value)
        case ast.Name(id=name) if name in columns:
            return pl.col(name)
        case ast.Name(id=name) if name in _WORDS:
            return pl.lit(_WORDS[name])
        case ast.Name(id=name):
            require_columns((name,), columns, "derive")
            raise _refuse(text, f"'{name}' is not a column")
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _BINARY:
            return _BINARY[type(operator)](inner(left), inner(right))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -inner(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return inner(operand)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return ~inner(operand)
        case ast.Compare(left=left, ops=[operator], comparators=[right]) if type(operator) in _COMPARE:
            return _COMPARE[type(operator)](inner(left), inner(right))
        case ast.BoolOp(op=operator, values=values):
            result = inner(values[0])
            for value in values[1:]:
                result = result & inner(value) if isinstance(operator, ast.And) else result | inner(value)
            return result
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return pl.when(inner(test)).then(inner(body)).otherwise(inner(orelse))
        case ast.Call(func=ast.Name(id="col"), args=[ast.Constant(value=str() as name)], keywords=[]):
            require_columns((name,), columns, "derive")
            return pl.col(name)
        case ast.Call(func=ast.Name(id="round"), args=[value, ast.Constant(value=int() as digits)], keywords=[]):
            return inner(value).round(max(0, min(digits, ROUND_DIGITS_MAX)))
        case ast.Call(func=ast.Name(id=name), args=[value], keywords=[]) if name in _ONE:
            return _ONE[name](inner(value))
        case ast.Call(func=ast.Name(id=name), args=[first, second], keywords=[]) if name in _TWO:
            return _TWO[name](inner(first), inner(second))
        case ast.Call(func=ast.Name(id=name)):
            if name in FUNCTIONS:
                raise _refuse(text, f"{name} takes {'one value' if name in _ONE else 'two values'}")
            raise _refuse(text, f"'{name}' is not a function; known are {', '.join(sorted(FUNCTIONS))}")
        case _:
            raise _refuse(text, f"'{ast.unparse(node)}' is not allowed in it")
