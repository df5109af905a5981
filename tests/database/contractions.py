"""What a schema takes away from code that knows the one before: the other half of "expand first, contract later"."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator
from pathlib import Path

from packaging.version import Version
from schema_shapes import Schema, TableShape

MARKER = "contracts_after"
"""In a revision that takes something away: the last release that still needs it."""

_REMOVES = {"drop_table", "drop_column", "drop_index", "drop_constraint", "rename_table", "alter_column"}
_NARROWS = {"create_unique_constraint", "create_check_constraint", "create_foreign_key", "create_exclude_constraint"}
_CHANGES_ROWS = ("DELETE ", "UPDATE ", "TRUNCATE ", "DROP ", "RENAME ", "SET NOT NULL", "SET DATA TYPE")


def contractions(before: Schema, after: Schema) -> list[str]:
    """What code that knows `before` misses in `after`, or may not do there any more."""
    return [
        line for name, shape in before.tables.items() for line in _of_table(name, shape, after.tables.get(name))
    ] + [f"{name} is gone" for name in before.others if name not in after.others]


def _of_table(name: str, before: TableShape, after: TableShape | None) -> Iterator[str]:
    if after is None:
        yield f"the table {name} is gone"
        return
    for one in before.columns:
        now = after.column(one.name)
        if now is None:
            yield f"the column {name}.{one.name} is gone"
            continue
        if now.type != one.type:
            yield f"{name}.{one.name} was {one.type} and is {now.type}"
        if one.nullable and not now.nullable:
            yield f"{name}.{one.name} may not be NULL any more"
        if one.default is not None and now.default is None:
            yield f"{name}.{one.name} has lost its default"
        if now.generated and not one.generated:
            yield f"{name}.{one.name} may not be written any more"
    for one in after.columns:
        new = before.column(one.name) is None
        if new and not one.nullable and one.default is None and not one.generated:
            yield f"{name}.{one.name} is new and must be given: let it be NULL, or give it a server default"
    if before.primary_key != after.primary_key:
        yield f"the primary key of {name} was {before.primary_key} and is {after.primary_key}"
    for rule, text in before.rules.items():
        if after.rules.get(rule) != text:
            yield f"the rule {rule} of {name} is gone or another: ON CONFLICT relies on such rules"
    for rule in sorted(set(after.rules) - set(before.rules)):
        yield f"the rule {rule} of {name} is new: older code may write what it forbids"
    for index in sorted(set(before.indexes) - set(after.indexes)):
        yield f"the index {index} is gone: older code may rely on it"


def steps_that_take_away(source: str) -> list[str]:
    """What a revision file does on its way up that may hurt older code, read from its text: removals, renames, and
    changes of rows, which no comparison of schemas shows. Rules for a table the revision itself makes hurt nobody."""
    tree = ast.parse(source)
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    constants = {
        target.id: node
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    reached: list[ast.AST] = []
    waiting: list[ast.AST] = [functions["upgrade"]]
    while waiting:
        node = waiting.pop()
        if node in reached:
            continue
        reached.append(node)
        for name in (one.id for one in ast.walk(node) if isinstance(one, ast.Name)):
            found = functions.get(name) or constants.get(name)
            if found is not None:
                waiting.append(found)
    made = {
        argument.value
        for node in reached
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and _called(call) == "create_table"
        for argument in call.args[:1]
        if isinstance(argument, ast.Constant)
    }
    return [line for node in reached for line in _hurts(node, made)]


def _hurts(tree: ast.AST, made: Container[object]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = _called(node)
            if name in _REMOVES:
                yield f"calls {name}"
            elif name in _NARROWS and not any(isinstance(one, ast.Constant) and one.value in made for one in node.args):
                yield f"calls {name} for a table that was there before"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = " ".join(node.value.upper().split())
            # What happens later, by a trigger, is compared as part of the schema.
            if "CREATE TRIGGER" not in text and "CREATE FUNCTION" not in text:
                yield from (f"says {word.strip()}: {text[:60]}" for word in _CHANGES_ROWS if word in text)


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def release_that_needs_it(source: str) -> str | None:
    """The value of the marker, when a revision has one."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and any(isinstance(one, ast.Name) and one.id == MARKER for one in node.targets):
            assert isinstance(node.value, ast.Constant)
            return str(node.value.value)
    return None


def complaint(revision: Path, found: list[str], *, version: str) -> str | None:
    """Why a revision that takes `found` away may not be released with this version of the code; None when it may."""
    if not found:
        return None
    needed_by = release_that_needs_it(revision.read_text("utf-8"))
    what = "; ".join(found)
    if needed_by is None:
        return (
            f"{revision.name} takes something away from code that is still running: {what}. Add instead, and remove a "
            f'release later, in a revision that says {MARKER} = "<the last release that needs it>".'
        )
    if Version(needed_by) >= Version(version):
        return f"{revision.name} may be released after {needed_by}, and this is {version}: {what}."
    return None
