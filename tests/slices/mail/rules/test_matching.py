"""Promises of conditions: what they hold of, in which order rules are asked, and that no pattern takes long."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wipsie.slices.mail.domain.rules.facts import MailFacts, SeenMail
from wipsie.slices.mail.domain.rules.folding import domain_of, fold, one_line
from wipsie.slices.mail.domain.rules.globs import Glob
from wipsie.slices.mail.domain.rules.matching import CompiledRule, RuleRefused, compile_rule, matching
from wipsie.slices.mail.domain.rules.rule import Condition, RuleBody, TagAction, TextCondition

MAIL = SeenMail(
    sender="Ann Müller <ann@sub.example.org>",
    sender_address="ann@sub.example.org",
    recipients=[("Bob", "bob@bücher.example"), ("", "carol@example.com")],
    subject="  Rechnung   Nr. 4711 für MÄRZ",
    text="Bitte zahlen Sie\nbis Freitag.",
    attachments=[("rechnung.PDF", "application/pdf"), ("logo.png", "image/png")],
    list_id="team.lists.example.org",
    size=5_000,
    verdicts={"dkim": "PASS", "spf": "fail"},
)
BARE = SeenMail(
    sender="(unknown sender)",
    sender_address=None,
    recipients=[],
    subject="",
    text="",
    attachments=[],
    list_id=None,
    size=10,
    verdicts={},
)


def condition(**fields: Any) -> Condition:
    return msgspec.convert(fields, Condition)


def rule_of(*conditions: Condition, stop: bool = False, rule_id: str = "mrl_1") -> CompiledRule:
    body = RuleBody(conditions=list(conditions), actions=[TagAction(tag="x")], stop=stop)
    return compile_rule(rule_id, rule_id, body)


def holds(mail: SeenMail, **fields: Any) -> bool:
    return rule_of(condition(**fields)).holds(MailFacts(mail))


@pytest.mark.parametrize(
    ("field", "operator", "value", "expected"),
    [
        ("subject", "contains", "rechnung nr. 4711 FUR marz", True),
        ("subject", "is", "Rechnung Nr. 4711 für März", True),
        ("subject", "is", "Rechnung", False),
        ("subject", "starts_with", "RECH", True),
        ("subject", "starts_with", "nung", False),
        ("subject", "ends_with", "märz", True),
        ("subject", "ends_with", "mar", False),
        ("subject", "glob", "rechnung*47?1*", True),
        ("subject", "glob", "*47?1", False),
        ("text", "contains", "sie bis", True),
        ("text", "contains", "rechnung", False),
        ("sender", "contains", "muller", True),
        ("sender", "is", "ann@sub.example.org", True),
        ("sender", "domain", "example.org", True),
        ("sender", "domain", "@Sub.Example.Org.", True),
        ("sender", "domain", "ample.org", False),
        ("sender", "domain", "org.example", False),
        ("recipient", "domain", "example.com", True),
        ("recipient", "domain", "bücher.example", True),
        ("recipient", "domain", "xn--bcher-kva.example", True),
        ("recipient", "domain", "bucher.example", False),
        ("recipient", "is", "bob", True),
        ("attachment_name", "ends_with", ".pdf", True),
        ("attachment_name", "is", "rechnung.pdf logo.png", False),
        ("attachment_type", "glob", "image/*", True),
        ("attachment_type", "is", "text/plain", False),
        ("list_id", "contains", "lists.example", True),
    ],
    ids=repr,
)
def test_a_text_is_compared_without_case_accents_and_runs_of_spaces(
    field: str, operator: str, value: str, expected: bool
) -> None:
    fields = {"kind": "text", "field": field, "operator": operator, "value": value}
    assert holds(MAIL, **fields) is expected
    assert holds(MAIL, **fields, negate=True) is not expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"kind": "size_over", "bytes": 4_999}, True),
        ({"kind": "size_over", "bytes": 5_000}, False),
        ({"kind": "size_over", "bytes": 5_000, "negate": True}, True),
        ({"kind": "has_attachment"}, True),
        ({"kind": "has_attachment", "value": False}, False),
        ({"kind": "verdict", "method": "dkim", "result": "pass"}, True),
        ({"kind": "verdict", "method": "spf", "result": "FAIL"}, True),
        ({"kind": "verdict", "method": "dmarc", "result": "pass"}, False),
        ({"kind": "verdict", "method": "dmarc", "result": "pass", "negate": True}, True),
    ],
    ids=repr,
)
def test_sizes_attachments_and_verdicts_are_asked_too(fields: dict[str, Any], expected: bool) -> None:
    assert holds(MAIL, **fields) is expected


@pytest.mark.parametrize("field", ["recipient", "attachment_name", "attachment_type", "list_id"])
def test_of_a_mail_without_such_a_text_a_condition_holds_when_it_is_negated_alone(field: str) -> None:
    fields = {"kind": "text", "field": field, "operator": "glob", "value": "*"}
    assert not holds(BARE, **fields)
    assert holds(BARE, **fields, negate=True)


def test_what_takes_no_room_hides_no_word() -> None:
    hidden = msgspec.structs.replace(MAIL, subject="in\u200bvo\u00adice \u202e4711")
    assert holds(hidden, kind="text", field="subject", operator="is", value="Invoice 4711")


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"field": "subject", "operator": "domain", "value": "example.org"}, "operator"),
        ({"field": "sender", "operator": "domain", "value": " @. "}, "value"),
        ({"field": "sender", "operator": "domain", "value": "ann@example.org"}, "value"),
        ({"field": "text", "operator": "contains", "value": " \t "}, "value"),
        ({"field": "text", "operator": "contains", "value": "\u0301\u200b"}, "value"),
    ],
    ids=repr,
)
def test_a_condition_that_would_hold_of_everything_or_nothing_is_refused(fields: dict[str, Any], where: str) -> None:
    good = condition(kind="has_attachment")
    with pytest.raises(RuleRefused) as refused:
        rule_of(good, condition(kind="text", **fields))
    assert refused.value.field == f"conditions[1].{where}"


@given(
    pattern=st.text("ab?*", max_size=12),
    text=st.text("abc", max_size=24),
)
def test_a_glob_fits_what_a_backtracking_one_fits(pattern: str, text: str) -> None:
    plain = "".join({"*": ".*", "?": "."}.get(sign, re.escape(sign)) for sign in pattern)
    assert Glob(pattern).matches(text) is (re.fullmatch(plain, text, re.DOTALL) is not None)


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_glob_of_plain_signs_fits_itself_alone(pattern: str, text: str) -> None:
    literal = pattern.replace("*", "").replace("?", "")
    assert Glob(literal).matches(literal)
    assert Glob(literal).matches(text) is (text == literal)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "pattern",
    ["*a" * 250 + "b", "*a?" * 166 + "*b", "?" * 250 + "*" + "?" * 249, "*" + "a?" * 248 + "b*", "*?" * 250, "*" * 500],
    ids=lambda pattern: repr(pattern[:6]),
)
def test_no_pattern_takes_long_however_hostile_the_text(pattern: str) -> None:
    """A matcher that goes back over such a text would not end within the life of anybody."""
    text = "a" * 20_000
    fits = Glob(pattern).matches
    assert [fits(text) for _ in range(20)] == [fits(text)] * 20


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing_and_leaves_no_spaces_around(text: str) -> None:
    once = fold(text)
    assert fold(once) == once
    assert once == once.strip()


@given(st.text(max_size=80), st.integers(1, 30))
def test_one_line_is_printable_and_within_its_bound(text: str, characters_max: int) -> None:
    line = one_line(text, characters_max)
    assert line.isprintable()
    assert len(line) <= characters_max


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("ann@example.org", "example.org"),
        ("ann <ann@Example.org>", "example.org"),
        ("ann@example.org.", "example.org"),
        ("ann", None),
        ("ann@", None),
        ("a@b@c.example", "c.example"),
        ("ann@" + "ü" * 300, "ü" * 300),
        ("ann@ü..example", "ü..example"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_a_domain_is_found_in_whatever_stands_for_an_address(address: str, domain: str | None) -> None:
    assert domain_of(address) == domain


def refuse(rule: CompiledRule, error: Exception) -> None:
    raise AssertionError(rule.id) from error


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=12))
def test_rules_are_asked_in_order_up_to_the_first_that_holds_and_stops(wanted: Sequence[tuple[bool, bool]]) -> None:
    """(holds, stop) of each rule."""
    subject = TextCondition(field="subject", operator="contains", value="4711")
    rules = [
        rule_of(msgspec.structs.replace(subject, negate=not matches), stop=stop, rule_id=f"mrl_{number}")
        for number, (matches, stop) in enumerate(wanted)
    ]
    stops = [number for number, (matches, stop) in enumerate(wanted) if matches and stop]
    asked = wanted[: stops[0] + 1] if stops else wanted
    expected = [f"mrl_{number}" for number, (matches, _) in enumerate(asked) if matches]
    assert [rule.id for rule in matching(rules, MailFacts(MAIL), on_broken=refuse)] == expected


@given(st.lists(st.booleans(), min_size=1, max_size=20))
def test_a_rule_holds_when_all_its_conditions_do(wanted: list[bool]) -> None:
    conditions: list[Condition] = [
        TextCondition(field="subject", operator="contains", value="4711", negate=not matches) for matches in wanted
    ]
    assert rule_of(*conditions).holds(MailFacts(MAIL)) is all(wanted)


def test_a_rule_that_fails_is_told_of_and_the_others_are_asked() -> None:
    good = rule_of(condition(kind="has_attachment"), rule_id="mrl_good")

    def fail(facts: MailFacts) -> bool:
        raise ValueError(facts.size)

    bad = msgspec.structs.replace(good, id="mrl_bad", checks=[fail])
    broken: list[tuple[str, str]] = []
    found = matching([bad, good], MailFacts(MAIL), on_broken=lambda rule, error: broken.append((rule.id, str(error))))
    assert [rule.id for rule in found] == ["mrl_good"]
    assert broken == [("mrl_bad", "5000")]
