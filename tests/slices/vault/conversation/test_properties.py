"""What holds of any conversation, whatever happens in whatever order."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lives import OUTCOMES, TAPS, WORDS, live
from promises import Act, run
from talk import IN_STATE, NOW_MS, REPORT, agreed

from wipsie.slices.vault.domain.conversation import (
    ChoiceTapped,
    Conversation,
    Deleted,
    Erased,
    Event,
    Exported,
    ExportFailed,
    FileChecked,
    FileSent,
    IdentityChanged,
    Ignored,
    LetIn,
    NameGuess,
    NotAccepted,
    Outcome,
    PinRight,
    PinSet,
    PinWrong,
    ReportNotThere,
    ReportOpened,
    Restored,
    Saved,
    SaveFailed,
    State,
    Suggestions,
    TextTyped,
    TimerEnded,
)
from wipsie.slices.vault.domain.conversation.effects import EraseEverything, Save
from wipsie.slices.vault.domain.conversation.outcomes import Locked, Ready
from wipsie.slices.vault.domain.languages import LANGUAGES, Language

OPEN = [state for state in State if state not in (State.NEW, State.IDLE)]
FILES = [f"file{number}" for number in range(6)]
DRAFTS = ["nobody", "id0001"]
_ids = st.uuids().map(str)
PLAIN_EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(TextTyped, id=_ids, text=st.one_of(st.sampled_from(WORDS), st.text(max_size=90))),
    st.builds(
        ChoiceTapped,
        id=_ids,
        choice=st.one_of(st.sampled_from(TAPS), st.text(max_size=40)),
    ),
    st.builds(
        FileSent,
        id=_ids,
        file_id=st.sampled_from(FILES),
        kind=st.sampled_from(["document", "image", "image"]),
        caption=st.sampled_from([None, "blood test", "3 nov 2025", "hi"]),
        name=st.sampled_from([None, "CBC.pdf", "x" * 300]),
        quota_ok=st.sampled_from([True, True, True, False]),
    ),
    st.builds(FileChecked, id=_ids, file_id=st.sampled_from(FILES), outcome=st.sampled_from(OUTCOMES)),
    st.builds(FileChecked, id=_ids, file_id=st.sampled_from(FILES), outcome=st.just(OUTCOMES[0])),
    st.builds(NotAccepted, id=_ids, kind=st.sampled_from(["voice", "sticker", "unsupported", "too_large"])),
    st.builds(Ignored, id=_ids),
    st.builds(IdentityChanged, id=_ids, is_same_account=st.booleans()),
    st.builds(LetIn, id=_ids),
    st.builds(TimerEnded, id=_ids, deadline_ms=st.integers(0, 2**50)),
    st.builds(Saved, id=_ids, draft_id=st.sampled_from(DRAFTS), number=st.integers(1, 99)),
    st.builds(SaveFailed, id=_ids, draft_id=st.sampled_from(DRAFTS)),
    st.builds(ReportOpened, id=_ids, report=st.just(REPORT), purpose=st.sampled_from(["edit", "delete"])),
    st.builds(ReportNotThere, id=_ids, number=st.integers(1, 99)),
    st.builds(Deleted, id=_ids, number=st.integers(1, 99), until_ms=st.just(NOW_MS)),
    st.builds(Restored, id=_ids, number=st.sampled_from([None, 12])),
    st.builds(Erased, id=_ids),
    st.builds(PinRight, id=_ids),
    st.builds(PinWrong, id=_ids, tries_left=st.integers(0, 4), blocked_until_ms=st.sampled_from([0, NOW_MS * 2])),
    st.builds(PinSet, id=_ids),
    st.builds(
        Exported, id=_ids, url=st.just("https://vault.example.org/x"), until_ms=st.just(NOW_MS), reports=st.just(3)
    ),
    st.builds(ExportFailed, id=_ids),
)
ACTS: st.SearchStrategy[Act] = st.one_of(
    PLAIN_EVENTS,
    st.sampled_from(["timer", "tap", "tap", "tap last", "save", "saved", "failed", "checked", "checked", "agree"]),
)
"""Beside plain events: those that fit what is open, so that runs come further than the first question."""
FACTS = st.fixed_dictionaries(
    {
        "has_pin": st.booleans(),
        "needs_step_up": st.sampled_from([False, False, False, True]),
        "window_open": st.sampled_from([True, True, True, True, False]),
        "age_ms": st.sampled_from([0, 0, 0, 0, 4_000_000]),
        "known_hospitals": st.sampled_from([(), ("Lakeside Hospital", "City Diagnostics")]),
    }
)
RUNS = st.lists(st.tuples(ACTS, FACTS, st.integers(0, 40_000)), max_size=40)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.sampled_from(list(State)), st.sampled_from(LANGUAGES), RUNS)
def test_anything_may_happen(state: State, language: Language, acts: list[tuple[Act, dict[str, Any], int]]) -> None:
    talk = IN_STATE[state]()
    run(msgspec.structs.replace(talk.conversation, language=language), acts, talk.now_ms)


def test_lives_hold_every_promise() -> None:
    for seed in range(20_000, 20_080):
        live(seed)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_ten_thousand_lives_hold_every_promise_and_reach_every_state() -> None:
    reached: Counter[str] = Counter()
    for seed in range(10_000):
        try:
            checked = live(seed)
        except Exception as error:
            error.add_note(f"live({seed})")
            raise
        reached.update(str(state) for state in checked.states)
        reached["saved"] += any(isinstance(effect, Save) for effect in checked.effects)
        reached["erased"] += any(isinstance(effect, EraseEverything) for effect in checked.effects)
    print(dict(reached))

    # Runs that never come anywhere would prove nothing.
    assert {str(state): reached[state] for state in State if reached[state] < 300} == {}
    assert reached["saved"] > 1_000
    assert reached["erased"] > 20


@pytest.mark.parametrize("state", list(State))
@settings(max_examples=25, deadline=None)
@given(event=PLAIN_EVENTS, facts=FACTS)
def test_every_event_has_a_result_in_every_state(state: State, event: Event, facts: dict[str, Any]) -> None:
    talk = IN_STATE[state]()
    assert talk.state is state

    run(talk.conversation, [(event, facts, 0)], talk.now_ms)


@pytest.mark.parametrize("state", OPEN)
def test_every_open_state_comes_to_an_end_by_itself(state: State) -> None:
    talk = IN_STATE[state]()
    waits = 0

    while talk.conversation.deadline_ms is not None:
        talk.wait(needs_step_up=False)
        waits += 1
        assert waits < 200

    assert talk.state is State.IDLE
    assert talk.conversation.file_ids == ()


BURST = st.lists(
    st.tuples(st.sampled_from(["document", "image"]), st.sampled_from(OUTCOMES[:8])),
    min_size=1,
    max_size=5,
)


@settings(max_examples=60, deadline=None)
@given(BURST, st.randoms(use_true_random=False))
def test_a_burst_makes_the_same_reports_in_whatever_order_it_arrives(
    burst: list[tuple[str, Outcome]], random: Any
) -> None:
    sent = [
        (FileSent(id=f"m{n}", file_id=f"f{n}", kind=kind), outcome)  # pyright: ignore[reportArgumentType]
        for n, (kind, outcome) in enumerate(burst)
    ]
    events: list[tuple[int, Event]] = []
    for n, (file, outcome) in enumerate(sent):
        events += [(n, file), (n, FileChecked(id=f"c{n}", file_id=f"f{n}", outcome=outcome))]
    shuffled = _arriving(events, random)

    assert _reports_of(shuffled) == _reports_of(events)


def _arriving(events: list[tuple[int, Event]], random: Any) -> list[tuple[int, Event]]:
    # Nothing is checked before it arrives.
    shuffled = list(events)
    random.shuffle(shuffled)
    first = {n: position for position, (n, _) in reversed(list(enumerate(shuffled)))}
    return sorted(shuffled, key=lambda one: (first[one[0]], isinstance(one[1], FileChecked)))


def _reports_of(events: list[tuple[int, Event]]) -> set[tuple[tuple[str, ...], str]]:
    """The files of each report that comes of it when everything is answered the same way, and its details."""
    talk = agreed()
    began_ms = talk.now_ms
    for n, event in events:
        talk.give(event, sent_at_ms=began_ms + n * 1000)
    reports: set[tuple[tuple[str, ...], str]] = set()
    for _ in range(60):
        draft = talk.conversation.draft
        match talk.state:
            case State.COLLECTING | State.CHECKING if draft is None:
                talk.wait()
            case State.CHECKING:
                assert draft is not None
                talk.check(draft.files[0].id, OUTCOMES[0])
            case State.PASSWORD:
                talk.say("secret")
            case State.GROUPING:
                talk.say("1")
            case State.DUPLICATE:
                talk.say("Keep both")
            case State.ASK_DATE | State.ASK_HOSPITAL:
                talk.say("skip")
            case State.ASK_TYPE:
                talk.say("other")
            case State.REVIEW:
                talk.say("save")
                assert draft is not None
                details = msgspec.json.encode(draft.details).decode()
                reports.add((tuple(file.id for file in draft.files), details))
                talk.give(Saved(id=f"saved-{draft.id}", draft_id=draft.id, number=1))
            case _:
                break
    assert talk.state is State.IDLE
    assert talk.conversation.file_ids == ()
    return reports


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200), st.text(max_size=120), st.sampled_from(LANGUAGES))
def test_names_may_be_of_any_letters(file: str, hospital: str, language: Language) -> None:
    talk = agreed(language, known_hospitals=(hospital,))
    outcomes = {"file1": Locked(), "file2": Ready(suggestions=Suggestions(hospitals=(NameGuess(hospital),)))}
    for file_id, outcome in outcomes.items():
        talk.send(file_id, name=file)
        talk.check(file_id, outcome)
        talk.wait()
        for text in ("skip", hospital, hospital, "other", f"note {file}", file, "CANCEL"):
            talk.say(text)
        talk.say("CANCEL")


@settings(max_examples=60, deadline=None)
@given(RUNS)
def test_a_replayed_run_changes_nothing(acts: list[tuple[Act, dict[str, Any], int]]) -> None:
    talk = agreed()
    checked = run(talk.conversation, acts, talk.now_ms)
    before = checked.conversation

    for position, (act, facts, _) in enumerate(acts):
        if not isinstance(act, str):
            checked.act(act, facts, 0, f"act-{position}")

    assert checked.conversation == before


def test_a_conversation_of_a_newer_version_is_read() -> None:
    newer = {**msgspec.to_builtins(agreed().conversation), "something_new": {"a": [1]}}

    assert msgspec.convert(newer, Conversation) == agreed().conversation
