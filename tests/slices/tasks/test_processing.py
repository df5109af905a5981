"""Promises of process_task: real results of Polars on real data, in the process pool."""

from __future__ import annotations

import io
import subprocess
import sys
from importlib.resources import files
from typing import Any

import polars as pl
import pytest

from wipsie.kernel import json
from wipsie.kernel.errors import InvalidInput
from wipsie.slices.tasks.domain.tables.run import run_operation
from wipsie.slices.tasks.domain.tables.source import TableSource, source_of
from wipsie.slices.tasks.handlers.processing import ProcessingSettings
from wipsie.workers.handler import Reject

PENGUINS = files("wipsie.slices.tasks").joinpath("data", "penguins.csv").read_bytes()
TABLE = TableSource("csv", PENGUINS)


def task(operation: str, input_data: Any, options: dict[str, Any] | None = None, **data: Any) -> dict[str, Any]:
    return {
        "task_type": "processing",
        "data": {"operation": operation, "input_data": input_data, "processing_options": options or {}, **data},
    }


def work(operation: str, options: dict[str, Any], input_data: Any = None) -> Any:
    source = TABLE if input_data is None else source_of(input_data)
    return json.decode(run_operation(operation, source, options, "json").content)


async def test_a_table_is_aggregated_in_a_process_of_its_own(desk: Any) -> None:
    options = {
        "group_by": ["species"],
        "aggregates": {"*": "count", "body_mass_g": ["mean", "count"]},
        "sort": ["species"],
    }
    result = await desk.run("task_processing", task("aggregation", {"csv": PENGUINS.decode()}, options))
    assert (result["rows_in"], result["rows_out"]) == (344, 3)
    assert [(row["species"], row["rows"], row["body_mass_g_count"]) for row in result["result"]] == [
        ("Adelie", 152, 151),
        ("Chinstrap", 68, 68),
        ("Gentoo", 124, 123),
    ]
    assert result["result"][2]["body_mass_g_mean"] == pytest.approx(5076.016, abs=0.001)
    assert desk.pool.is_running


async def test_a_file_that_polling_stored_is_processed_by_its_key(desk: Any) -> None:
    await desk.blobs.put("polling/p.csv", PENGUINS, "text/csv")
    result = await desk.run("task_processing", task("analysis", {"blob_key": "polling/p.csv"}))
    columns = result["result"]["columns"]
    assert columns["body_mass_g"]["type"] == "integer"
    assert (columns["body_mass_g"]["nulls"], columns["body_mass_g"]["max"]) == (2, 6300)


async def test_other_formats_and_large_results_are_stored_as_objects(desk: Any) -> None:
    for output_format in ("csv", "ndjson", "parquet"):
        data = task("transformation", {"csv": PENGUINS.decode()}, output_format=output_format)
        result = await desk.run("task_processing", data, redeliver=True)
        blob = await desk.blobs.get(result["blob_key"])
        assert "result" not in result
        assert blob.info.sha256 == result["sha256"]
        if output_format == "parquet":
            assert pl.read_parquet(io.BytesIO(blob.content)).shape == (344, 8)
    # A repeated delivery replaced its own object.
    assert len(await desk.blobs.list("results")) == 3
    rows = [{"text": "x" * 100, "n": n} for n in range(1000)]
    result = await desk.run("task_processing", task("transformation", rows))
    assert len(json.decode((await desk.blobs.get(result["blob_key"])).content)) == 1000


async def test_what_cannot_work_is_rejected_with_its_reason(desk: Any) -> None:
    cases: list[tuple[dict[str, Any], str, str]] = [
        (task("analysis", [{"a": 1}], {"colums": ["a"]}), "VALIDATION_ERROR", "known are columns, filter"),
        (task("transformation", [{"a": 1}], {"select": ["b"]}), "VALIDATION_ERROR", "available are a"),
        (task("analysis", {"blob_key": "not/there"}), "BLOB_NOT_FOUND", "not/there"),
        (task("analysis", {"blob_key": "../etc/passwd"}), "VALIDATION_ERROR", "blob key"),
        (task("analysis", "text"), "VALIDATION_ERROR", "a list of records"),
    ]
    for message, code, words in cases:
        with pytest.raises(Reject, match=words) as rejection:
            await desk.run("task_processing", message)
        assert rejection.value.code == code


async def test_an_object_above_the_limit_is_rejected(open_desk: Any) -> None:
    desk = await open_desk(processing=ProcessingSettings(input_bytes_max=100))
    await desk.blobs.put("big.csv", PENGUINS, "text/csv")
    with pytest.raises(Reject, match="at most 100"):
        await desk.run("task_processing", task("analysis", {"blob_key": "big.csv"}))


def test_importing_the_slice_does_not_load_the_engine() -> None:
    heavy = "('polars', 'obstore', 'aiosmtplib', 'pebble', 'aiohttp')"
    code = f"import sys, wipsie.slices.tasks.slice; print([m for m in sys.modules if m.split('.')[0] in {heavy}])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert answer.stdout.strip() == "[]"


def test_analysis_describes_each_column_by_its_type() -> None:
    report = work("analysis", {"correlations": True, "quantiles": [0.5], "top": 1})
    assert report["rows"] == 344
    assert report["columns"]["species"] == {
        "type": "text",
        "nulls": 0,
        "distinct": 3,
        "top": [{"value": "Adelie", "count": 152}],
    }
    length = report["columns"]["bill_length_mm"]
    assert (length["min"], length["max"], length["quantiles"]) == (32.1, 59.6, {"0.5": 44.45})
    assert length["mean"] == pytest.approx(43.92193)
    assert report["correlations"]["flipper_length_mm ~ body_mass_g"] == pytest.approx(0.8712, abs=0.0001)


def test_analysis_as_csv_is_one_row_per_column() -> None:
    made = run_operation("analysis", TABLE, {}, "csv")
    table = pl.read_csv(made.content)
    assert table["column"].to_list() == pl.read_csv(PENGUINS).columns


def test_transformation_runs_its_steps_in_the_documented_order() -> None:
    options = {
        "derive": {"mass_kg": "round(body_mass_g / 1000, 1)", "size": '"large" if mass_kg >= 6 else "small"'},
        "filter": {"mass_kg": {"op": "gte", "value": 5.9}, "species": "Gentoo"},
        "sort": ["-mass_kg", "year"],
        "limit": 3,
        "select": ["year", "mass_kg", "size"],
        "rename": {"mass_kg": "kg"},
    }
    rows = work("transformation", options)
    assert [row["kg"] for row in rows] == [6.3, 6.0, 6.0]
    assert rows[0] == {"year": 2007, "kg": 6.3, "size": "large"}


def test_rows_with_nulls_are_dropped_everywhere_or_by_column() -> None:
    assert len(work("transformation", {"drop_nulls": True})) == 333
    assert len(work("transformation", {"drop_nulls": ["body_mass_g"]})) == 342


def test_columns_are_cast() -> None:
    rows = work(
        "transformation",
        {"cast": {"a": "integer", "b": "date", "c": "boolean", "d": "text"}},
        [{"a": "5", "b": "2025-10-04", "c": "yes", "d": 1}],
    )
    assert rows == [{"a": 5, "b": "2025-10-04", "c": True, "d": "1"}]


def test_a_pivot_spreads_a_column() -> None:
    rows = work("aggregation", {"group_by": ["species"], "pivot": "island", "sort": ["species"]})
    assert rows[0] == {"species": "Adelie", "Torgersen": 52, "Biscoe": 44, "Dream": 56}


def test_without_groups_the_whole_table_is_one_row() -> None:
    aggregates = {"body_mass_g": ["min", "max", "median"], "species": "n_unique"}
    assert work("aggregation", {"aggregates": aggregates}) == [
        {"body_mass_g_min": 2700, "body_mass_g_max": 6300, "body_mass_g_median": 4050.0, "species_n_unique": 3}
    ]


@pytest.mark.parametrize(
    "input_data",
    [
        [{"a": 1, "b": "x"}, {"a": 2, "b": None}],
        {"a": [1, 2], "b": ["x", None]},
        {"csv": "a,b\n1,x\n2,NA\n"},
        {"json": '[{"a": 1, "b": "x"}, {"a": 2}]'},
        {"json": {"items": [{"a": 1, "b": "x"}, {"a": 2, "b": None}]}},
        {"ndjson": '{"a": 1, "b": "x"}\n{"a": 2}\n'},
        {"csv": "a,b\n1,x\n2,?\n", "null_values": ["?"]},
    ],
)
def test_every_form_of_input_is_the_same_table(input_data: Any) -> None:
    assert work("transformation", {}, input_data) == [{"a": 1, "b": "x"}, {"a": 2, "b": None}]


@pytest.mark.parametrize(
    "input_data",
    [[], {}, "text", None, 5, {"csv": ""}, {"json": "{bad"}, {"a": [1], "b": [1, 2]}, {"a": 1}, {"ndjson": "{}\n["}],
)
def test_input_that_is_no_table_is_refused(input_data: Any) -> None:
    with pytest.raises(InvalidInput) as refusal:
        work("transformation", {}, input_data if input_data is not None else "none")
    assert refusal.value.details["field"] == "input_data"


@pytest.mark.parametrize(
    ("operation", "options", "words"),
    [
        ("transformation", {"derive": {"a": '__import__("os").system("true")'}}, "not allowed"),
        ("transformation", {"derive": {"a": "species.__class__"}}, "not allowed"),
        ("transformation", {"derive": {"a": "open('x')"}}, "'open' is not a function"),
        ("transformation", {"derive": {"a": "[1 for x in species]"}}, "not allowed"),
        ("transformation", {"derive": {"a": "(lambda: 1)()"}}, "not allowed"),
        ("transformation", {"derive": {"a": "nothing + 1"}}, "no column 'nothing'"),
        ("transformation", {"derive": {"a": "1 +"}}, "not an expression"),
        ("transformation", {"derive": {"a": "-" * 200 + "1"}}, "nested deeper"),
        ("transformation", {"derive": {"a": "9" * 50}}, "too large"),
        ("transformation", {"derive": {"a": "species * 2"}}, "cannot be computed"),
        ("transformation", {"filter": {"year": "abc"}}, "cannot be compared"),
        ("transformation", {"sort": ["nothing"]}, "no column 'nothing'"),
        ("transformation", {"cast": {"species": "integer"}}, "no integer"),
        ("transformation", {"cast": {"species": "money"}}, "known are integer"),
        ("transformation", {"rename": {"species": "island"}}, "two columns"),
        ("transformation", {"limit": 0}, "limit"),
        ("aggregation", {"aggregates": {"species": "mean"}}, "has no mean"),
        ("aggregation", {"aggregates": {"year": "average"}}, "known are sum"),
        ("aggregation", {"aggregates": {"*": "sum"}}, "only be counted"),
        ("aggregation", {"group_by": ["nothing"]}, "no column 'nothing'"),
        ("aggregation", {"pivot": "island"}, "at least one group_by"),
        ("analysis", {"columns": ["nothing"]}, "available are species"),
    ],
)
def test_a_wrong_option_is_told_with_what_is_possible(operation: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        work(operation, options)


def test_a_power_of_large_numbers_is_a_float_and_no_endless_integer() -> None:
    assert work("transformation", {"derive": {"b": "9 ** 9 ** 9"}}, [{"a": 1}]) == [{"a": 1, "b": None}]
