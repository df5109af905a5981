"""Every scenario runs; what it measures is not judged here."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.catalogue import choose, find_scenario, scenario_names
from benchmarks.report import markdown
from benchmarks.results import load
from benchmarks.runner import run_once
from benchmarks.scenario import SIZES, Skipped

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.timeout(150)
@pytest.mark.parametrize("name", scenario_names())
def test_each_scenario_gives_figures_at_tiny_size(name: str, server_folder: Path, servers_required: bool) -> None:
    try:
        outcome = run_once(find_scenario(name), SIZES["smoke"], server_folder)
    except Skipped as reason:
        if servers_required and not name.startswith("rival_"):
            pytest.fail(str(reason))
        pytest.skip(str(reason))
    assert outcome.measurements
    assert all(measurement.value >= 0 for measurement in outcome.measurements)
    assert len({measurement.name for measurement in outcome.measurements}) == len(outcome.measurements)
    assert not list(server_folder.iterdir()), "a scenario leaves nothing on the disk"


@pytest.mark.slow
def test_the_command_prints_json_and_writes_a_file_the_report_can_read(tmp_path: Path) -> None:
    results = tmp_path / "results"
    command = [sys.executable, "-m", "benchmarks", "--size", "smoke", "--only", "durable_sends_sqlite", "--json"]
    command += ["--directory", str(tmp_path / "data"), "--results", str(results), "--name", "mine"]
    answer = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "NO_COLOR": "1"}, capture_output=True, timeout=50, check=True
    )
    printed = json.loads(answer.stdout)
    run = load(results / "mine.json")
    assert printed["machine"]["cores"] == run.machine.cores >= 1
    table = markdown(run)
    assert "| durable sends/s, 200 senders |" in table
    assert run.machine.cpu in table


def test_an_unknown_scenario_is_refused_with_the_names_there_are(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "--only", "nonsense", "--results", str(tmp_path)]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert answer.returncode == 2
    assert "durable_sends" in answer.stderr
    assert not list(tmp_path.iterdir())


def test_a_backend_that_no_chosen_scenario_has_is_refused(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "--only", "idle", "--backend", "redis", "--results", str(tmp_path)]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert answer.returncode == 2
    assert not list(tmp_path.iterdir())


def test_every_scenario_has_the_name_it_is_found_by() -> None:
    assert [find_scenario(name).name for name in scenario_names()] == scenario_names()


def test_scenarios_are_chosen_by_name_by_family_and_by_backend() -> None:
    assert choose(["durable_sends_redis", "idle"]) == ["durable_sends_redis", "idle"]
    assert choose(["durable_sends"], ["redis"]) == ["durable_sends_redis", "durable_sends_redis_everysec"]
    assert choose() == scenario_names()
    assert "rival_pgqueuer_postgresql" in choose([], ["postgresql"])
    assert "http_send" in choose([], ["sqlite"])
    assert choose(["idle"], ["redis"]) == []
