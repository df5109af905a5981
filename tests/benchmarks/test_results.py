"""What happens between the measured values and the table."""

from pathlib import Path

import pytest
from benchmarks.catalogue import scenario_names
from benchmarks.derived import PAIRS, PROCESSED, derived_figures
from benchmarks.machine import MachineFacts
from benchmarks.report import markdown
from benchmarks.results import RunResult, ScenarioResult, gather, load, save
from benchmarks.runner import Failed, run_scenarios
from benchmarks.scenario import SIZES, Measurement, Outcome, Scenario, Size
from benchmarks.statistics import percentile


def machine() -> MachineFacts:
    return MachineFacts(
        cpu="A processor",
        cores=2,
        memory_mb=4096,
        system="Linux 6 x86_64",
        python="CPython 3.11.7",
        sqlite="3.50.0",
        uvloop=None,
        file_system="ext4",
        fsync_median_ms=0.3,
        fsync_p99_ms=2.0,
        load_average=0.1,
        python_probe_ms=50.0,
        commit="abc",
    )


def run_of(*scenarios: ScenarioResult) -> RunResult:
    return RunResult(
        name="mine",
        started_at="2026-01-02T03:04:05+00:00",
        size="full",
        repeats=3,
        machine=machine(),
        scenarios=list(scenarios),
    )


def processed(name: str, *values: float) -> ScenarioResult:
    outcomes = [Outcome(measurements=[Measurement(name=PROCESSED, value=value, unit="tasks/s")]) for value in values]
    return gather(name, name, outcomes, 1.0)


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(number) for number in range(1, 101)]
    assert percentile(values, 0.5) == 50
    assert percentile(values, 0.99) == 99
    assert percentile([7.0], 0.99) == 7
    with pytest.raises(ValueError, match="No values"):
        percentile([], 0.5)


def test_the_median_of_the_repeats_counts_and_all_of_them_are_kept() -> None:
    figure = processed("tasks_processed", 10.0, 1000.0, 20.0).figures[0]
    assert figure.median == 20
    assert figure.values == [10.0, 1000.0, 20.0]


@pytest.mark.parametrize(
    ("value", "lower_is_better", "met"),
    [(10.0, False, True), (9.0, False, False), (10.0, True, True), (11.0, True, False)],
)
def test_a_bar_is_met_in_its_direction(value: float, lower_is_better: bool, met: bool) -> None:
    measurement = Measurement(name="one", value=value, unit="s", bar=10.0, lower_is_better=lower_is_better)
    figure = gather("name", "title", [Outcome(measurements=[measurement])], 1.0).figures[0]
    assert figure.met is met


def test_rivals_are_compared_within_one_run() -> None:
    run = run_of(processed("tasks_processed_postgresql", 24_000.0), processed("rival_pgqueuer_postgresql", 12_000.0))
    (ratio,) = derived_figures(run)
    assert ratio.median == 2
    assert ratio.met is True
    assert not derived_figures(run_of(processed("rival_pgqueuer_postgresql", 1_500.0)))
    # Not on the same server settings, so not compared.
    other = processed("rival_celery_redis", 1_500.0)
    assert not derived_figures(run_of(processed("tasks_processed_redis_everysec", 30_000.0), other))


def test_every_compared_pair_is_one_of_known_scenarios() -> None:
    assert {name for pair in PAIRS for name in (pair.own, pair.rival)} <= set(scenario_names())


def test_stores_stand_side_by_side_with_the_rivals_beneath() -> None:
    run = run_of(
        processed("tasks_processed_sqlite", 30_000.0),
        processed("tasks_processed_redis", 20_000.0),
        processed("rival_celery_redis", 1_000.0),
    )
    run.scenarios[2].settings = {"version": "5"}
    table = markdown(run)
    assert "| | SQLite | Redis |" in table
    assert "| no-op tasks processed/s | 30,000 | 20,000 |" in table
    assert "| rival_celery_redis 5: no-op tasks processed/s |  | 1,000 |" in table
    # What stands there is not repeated below.
    assert "30,000 tasks/s" not in table


def test_a_scenario_that_takes_turns_inside_is_not_repeated(tmp_path: Path) -> None:
    runs: list[str] = []

    def run_repeat(scenario: Scenario, size: Size, directory: Path) -> Outcome:
        runs.append(scenario.name)
        return Outcome(measurements=[Measurement(name="one", value=1.0, unit="s")])

    def measure(size: Size, directory: Path) -> Outcome:
        raise AssertionError("a repeat is run by run_repeat")

    scenarios = [
        Scenario(name="long", title="", run=measure, repeats_max=1),
        Scenario(name="short", title="", run=measure),
    ]
    run_scenarios(
        scenarios,
        SIZES["smoke"],
        repeats=2,
        directory=tmp_path,
        on_step=lambda scenario, repeat: None,
        run_repeat=run_repeat,
    )
    assert runs == ["long", "short", "short"]


def test_a_result_survives_its_file_and_the_report_shows_only_what_it_holds(tmp_path: Path) -> None:
    skipped = ScenarioResult(name="rival_celery_redis", title="Celery", skipped="needs redis-server.")
    path = save(run_of(processed("http_send", 30_000.0, 31_000.0, 29_000.0), skipped), tmp_path)
    table = markdown(load(path))
    assert "| no-op tasks processed | 30,000 tasks/s | 29,000 to 31,000 |" in table
    assert "Not measured: Celery. needs redis-server." in table
    assert "A processor" in table


def test_a_scenario_that_fails_says_why_and_leaves_the_others_alone(tmp_path: Path) -> None:
    def run_repeat(scenario: Scenario, size: Size, directory: Path) -> Outcome:
        if scenario.name == "bad":
            raise Failed("It broke.")
        return Outcome(measurements=[Measurement(name="one", value=1.0, unit="s")])

    def measure(size: Size, directory: Path) -> Outcome:
        raise AssertionError("a repeat is run by run_repeat")

    scenarios = [Scenario(name=name, title=name, run=measure) for name in ("bad", "good")]
    steps: list[tuple[str, int]] = []
    results = run_scenarios(
        scenarios,
        SIZES["smoke"],
        repeats=2,
        directory=tmp_path,
        on_step=lambda scenario, repeat: steps.append((scenario.name, repeat)),
        run_repeat=run_repeat,
    )
    assert [result.failed for result in results] == ["It broke.", None]
    assert results[1].figures[0].values == [1.0, 1.0]
    assert steps == [("bad", 1), ("good", 1), ("bad", 2), ("good", 2)]
