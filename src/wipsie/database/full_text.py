"""Full text, for whichever database runs: documents that hold all of some words, of the last one its beginning.

A table keeps its words in columns of text: folded (`kernel.text_words`), one space between. SQLite finds them by an FTS5
index, PostgreSQL by a GIN index over their lexemes; both are the migration's business:

    CREATE VIRTUAL TABLE … USING fts5(words, …, tokenize='ascii')
    CREATE INDEX … USING gin (array_to_tsvector(string_to_array(words, ' ')))

Either takes a word as it is: whatever is not ASCII belongs to it, a mark of the Unicode private use area in front too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, column, func, literal, text


def fts5_expression(words: Sequence[str], *, columns: Sequence[str] = ()) -> str:
    """What FTS5 looks for; `columns`: only there, empty: anywhere. At least one word; each as the columns hold them.

    Every word is a string, so that nothing in it is syntax. Expressions in parentheses may stand in larger ones.
    """
    quoted = ['"{}"'.format(word.replace('"', '""')) for word in words]
    wanted = " AND ".join([*quoted[:-1], f"{quoted[-1]} *"])
    return f"{{{' '.join(columns)}}} : ({wanted})" if columns else wanted


def fts5_match(index: str, expression: str) -> ColumnElement[bool]:
    """The condition of rows of an FTS5 table, by its name, that an expression finds."""
    # A column of the table's own name stands for all of its columns.
    return column(index, Text).op("MATCH", is_comparison=True)(expression)


def words_vector(words: ColumnElement[str]) -> ColumnElement[Any]:
    """The lexemes of a column of words on PostgreSQL. Those of several columns are joined by ``||``."""
    # As migrations write the indexes, or they are not used: the space is no parameter.
    return func.array_to_tsvector(func.string_to_array(words, text("' '")))


def tsquery(words: Sequence[str]) -> ColumnElement[Any]:
    """What PostgreSQL looks for, as one parameter. At least one word; nothing in it is syntax."""
    # Each dialect takes its time to import, and a process needs one of them.
    from sqlalchemy.dialects.postgresql import TSQUERY

    quoted = ["'{}'".format(word.replace("\\", "\\\\").replace("'", "''")) for word in words]
    return cast(literal(" & ".join([*quoted[:-1], f"{quoted[-1]}:*"])), TSQUERY)


def vector_match(vector: ColumnElement[Any], query: ColumnElement[Any]) -> ColumnElement[bool]:
    """The condition of rows whose `words_vector` a `tsquery` finds."""
    return vector.op("@@", is_comparison=True)(query)
