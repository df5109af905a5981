"""Promises of full text: SQLite and PostgreSQL find the same, marked words are words of their own, and no word is syntax."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, column, insert, select, table

from wipsie.database import Database
from wipsie.database.full_text import fts5_expression, fts5_match, tsquery, vector_match, words_vector
from wipsie.kernel.text_words import distinct_words, query_words

FROM, TO = "\ue001", "\uf8ff"
"""Marks, as a slice may choose them: the area ends with the second."""
pages = Table(
    "pages",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("words", Text, nullable=False),
    Column("more_words", Text, nullable=False),
)
INDEXES: Mapping[str, Sequence[str]] = {
    "sqlite": (
        """CREATE VIRTUAL TABLE pages_index USING fts5(
             words, more_words, content='pages', content_rowid='id', tokenize='ascii', prefix='2 3')""",
        """CREATE TRIGGER pages_are_indexed AFTER INSERT ON pages BEGIN
             INSERT INTO pages_index (rowid, words, more_words) VALUES (NEW.id, NEW.words, NEW.more_words);
           END""",
    ),
    "postgresql": (
        "CREATE INDEX ix_pages_words ON pages USING gin (array_to_tsvector(string_to_array(words, ' ')))",
        """CREATE INDEX ix_pages_all ON pages USING gin (
             (array_to_tsvector(string_to_array(words, ' ')) || array_to_tsvector(string_to_array(more_words, ' '))))""",
    ),
}


@pytest.fixture(autouse=True)
async def indexed(database: Database) -> None:
    async with database.begin() as connection:
        await connection.run_sync(pages.create)
        for statement in INDEXES[connection.dialect.name]:
            await connection.exec_driver_sql(statement)


async def keep(database: Database, *texts: str, more: str = "") -> None:
    async with database.begin() as connection:
        for text in texts:
            await connection.execute(insert(pages).values(words=text, more_words=more))


async def found(database: Database, *words: str, anywhere: bool = False) -> list[int]:
    """The numbers of the pages that hold the words in their first column, or anywhere."""
    async with database.read() as connection:
        if connection.dialect.name == "sqlite":
            index = table("pages_index", column("rowid", Integer))
            expression = fts5_expression(words, columns=() if anywhere else ["words"])
            asked = select(index.c.rowid).where(fts5_match("pages_index", expression)).order_by(index.c.rowid)
        else:
            vector = words_vector(pages.c.words)
            if anywhere:
                vector = vector.op("||")(words_vector(pages.c.more_words))
            asked = select(pages.c.id).where(vector_match(vector, tsquery(words))).order_by(pages.c.id)
        return list((await connection.execute(asked)).scalars())


async def test_all_words_are_there_and_of_the_last_one_the_beginning(database: Database) -> None:
    await keep(database, "queues stand still", "queues move", "", "größe 東京")
    assert await found(database, "queues") == [1, 2]
    assert await found(database, "still", "queues") == [1]
    assert await found(database, "queues", "st") == [1]
    assert await found(database, "st", "queues") == []
    assert await found(database, "größe", "東") == [4]


async def test_columns_are_searched_alone_or_together(database: Database) -> None:
    await keep(database, "zebra", more="okapi")
    await keep(database, "okapi", more="zebra")
    assert await found(database, "zebra") == [1]
    assert await found(database, "zebra", "okapi") == []
    assert await found(database, "zebra", "okapi", anywhere=True) == [1, 2]


async def test_a_word_with_a_mark_in_front_is_one_word_and_another_than_without(database: Database) -> None:
    await keep(
        database,
        distinct_words({FROM: "Hello", TO: "Émile"}, characters_max=1_000),
        distinct_words({FROM: "Émile", TO: "Hello"}, characters_max=1_000),
        distinct_words({"": "hello Émile"}, characters_max=1_000),
        f"{FROM} hello",
    )
    hello, emile = query_words("HELLO Emile")
    assert await found(database, hello) == [1, 2, 3, 4]
    assert await found(database, FROM + hello) == [1]
    assert await found(database, TO + hello) == [2]
    assert await found(database, TO + emile, FROM + hello[:2]) == [1]
    assert await found(database, emile, TO + "h") == [2]


@pytest.mark.parametrize(
    "word", ['a" OR "b', "a' | 'b", '"', "'", "\\", "\\'", "a\\", "x' & !'y", "*", "{words} : b", ")"]
)
async def test_nothing_in_a_word_is_syntax(database: Database, word: str) -> None:
    await keep(database, "b y a", "words b")
    assert await found(database, word, "missing") == []
    assert await found(database, "missing", word) == []


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
async def test_postgresql_reads_the_condition_through_the_index_of_the_migration(database: Database) -> None:
    await keep(database, "zebra")
    words, more = words_vector(pages.c.words), words_vector(pages.c.more_words)
    async with database.begin() as connection:
        # A table this small is read as a whole otherwise.
        await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        for vector, index in ((words, "ix_pages_words"), (words.op("||")(more), "ix_pages_all")):
            asked = select(pages.c.id).where(vector_match(vector, tsquery(["zebra"])))
            compiled = asked.compile(dialect=connection.dialect)
            values = tuple(compiled.params[name] for name in compiled.positiontup or ())
            plan = (await connection.exec_driver_sql(f"EXPLAIN {compiled}", values)).scalars().all()
            assert any(index in line for line in plan), plan
