"""Asks rules about a mail. A condition is compiled once and asked often."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from wipsie.slices.mail.domain.rules.facts import MailFacts
from wipsie.slices.mail.domain.rules.folding import fold, fold_domain
from wipsie.slices.mail.domain.rules.globs import Glob
from wipsie.slices.mail.domain.rules.rule import (
    Action,
    AttachmentCondition,
    Condition,
    RuleBody,
    SizeCondition,
    TagAction,
    TextCondition,
    VerdictCondition,
)

Check = Callable[[MailFacts], bool]


class RuleRefused(Exception):
    """The rule cannot work; says which field of it, and why."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field} {problem}")
        self.field = field
        self.problem = problem


class CompiledRule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that is ready to be asked."""

    id: str
    name: str
    actions: Sequence[Action]
    stop: bool
    checks: Sequence[Check]
    """One for each condition, in order."""
    needs_text: bool
    """A condition looks at the text of mails."""

    def holds(self, facts: MailFacts) -> bool:
        """Whether all conditions hold."""
        return all(check(facts) for check in self.checks)


def compile_rule(rule_id: str, name: str, body: RuleBody) -> CompiledRule:
    """The rule, ready. RuleRefused names the first field that cannot work."""
    for index, action in enumerate(body.actions):
        if action in body.actions[:index]:
            raise RuleRefused(f"actions[{index}]", "is there twice")
        if isinstance(action, TagAction) and (action.tag != action.tag.strip() or not action.tag.isprintable()):
            raise RuleRefused(f"actions[{index}].tag", "must be printable characters without spaces around them")
    return CompiledRule(
        id=rule_id,
        name=name,
        actions=tuple(body.actions),
        stop=body.stop,
        checks=tuple(_compile(one, f"conditions[{index}]") for index, one in enumerate(body.conditions)),
        needs_text=any(isinstance(one, TextCondition) and one.field == "text" for one in body.conditions),
    )


def matching(
    rules: Sequence[CompiledRule], facts: MailFacts, *, on_broken: Callable[[CompiledRule, Exception], None]
) -> list[CompiledRule]:
    """The rules that hold of a mail, in order, up to the first that stops. One that raises is told to `on_broken`, and passed
    over."""
    found: list[CompiledRule] = []
    for rule in rules:
        try:
            is_match = rule.holds(facts)
        except Exception as error:
            # Whatever is wrong with one rule, the mail must be archived, and the other rules be asked.
            on_broken(rule, error)
            continue
        if is_match:
            found.append(rule)
            if rule.stop:
                break
    return found


def _compile(condition: Condition, where: str) -> Check:
    if isinstance(condition, TextCondition):
        return _negated(_compile_text(condition, where), condition.negate)
    if isinstance(condition, SizeCondition):
        bytes_max = condition.bytes
        return _negated(lambda facts: facts.size > bytes_max, condition.negate)
    if isinstance(condition, AttachmentCondition):
        wanted = condition.value
        return lambda facts: facts.has_attachment is wanted
    return _compile_verdict(condition)


def _compile_verdict(condition: VerdictCondition) -> Check:
    method, result = condition.method, condition.result.lower()
    return _negated(lambda facts: facts.verdict(method) == result, condition.negate)


def _compile_text(condition: TextCondition, where: str) -> Check:
    field = condition.field
    if condition.operator == "domain":
        if field not in ("sender", "recipient"):
            raise RuleRefused(f"{where}.operator", "domain is for sender and recipient")
        domain = fold_domain(condition.value.strip().removeprefix("@"))
        if not domain or any(sign.isspace() or sign == "@" for sign in domain):
            raise RuleRefused(f"{where}.value", "must be a domain such as example.org")
        below = f".{domain}"
        return lambda facts: any(one == domain or one.endswith(below) for one in facts.domains(field))
    value = fold(condition.value)
    if not value:
        raise RuleRefused(f"{where}.value", "has nothing that could be compared")
    fits = _fitting(condition, value)
    return lambda facts: any(fits(text) for text in facts.texts(field))


def _fitting(condition: TextCondition, value: str) -> Callable[[str], bool]:
    if condition.operator == "contains":
        return lambda text: value in text
    if condition.operator == "is":
        return lambda text: text == value
    if condition.operator == "starts_with":
        return lambda text: text.startswith(value)
    if condition.operator == "ends_with":
        return lambda text: text.endswith(value)
    return Glob(value).matches


def _negated(check: Check, negate: bool) -> Check:
    return (lambda facts: not check(facts)) if negate else check
