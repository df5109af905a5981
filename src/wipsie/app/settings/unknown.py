"""Variables that look like settings of Wipsie but are none: misspelt, or of a later version."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from wipsie.app.settings.settings import all_variables

LATER = {
    "AWS_ACCESS_KEY_ID": "for the AWS backends",
    "AWS_SECRET_ACCESS_KEY": "for the AWS backends",
    "SQS_ACCOUNT_ID": "for the AWS backends",
}
"""Variables of the product's specification that this version does not read."""
FIXED = {
    "CELERY_RESULT_BACKEND": "Results are kept in the database, and shown by GET /sqs/runs.",
    "CELERY_TASK_SERIALIZER": "Messages are plain JSON.",
    "CELERY_ACCEPT_CONTENT": "Messages are plain JSON.",
    "JWT_ALGORITHM": "Tokens are always signed with HS256.",
    "JWT_EXPIRATION_HOURS": "Sessions always end after 24 hours.",
    "API_ALLOW_REMOTE": "Every address may be listened on, since what is not public asks who one is.",
}
"""Variables that would have chosen what is not, or no longer, to be chosen."""

_OF_COMMANDS = frozenset({"WIPSIE_MOVE_FROM", "WIPSIE_MOVE_TO"})
"""Read by `wipsie queue migrate` alone."""
_OURS = (
    "WIPSIE_",
    "QUEUE_",
    "SQS_",
    "BLOB_",
    "API_",
    "CORS_",
    "WORKER_",
    "TASK_RUNS_",
    "POLLING_",
    "SMTP_",
    "MAIL_",
    "BLOCKER_",
)
_CLOSE = 0.84


@dataclass(frozen=True)
class UnknownVariable:
    """A set variable that has no effect."""

    name: str
    meant: str | None
    """The setting that was probably meant."""
    note: str
    """A sentence for a person."""


def unknown_variables(values: Mapping[str, str]) -> list[UnknownVariable]:
    """Set variables that look like ours and are not read. Names far from ours are other programs' business."""
    known = {name for declared in all_variables() for name in (declared.name, *declared.also)}
    found: list[UnknownVariable] = []
    for name in sorted(set(values) - known - _OF_COMMANDS):
        if name in LATER:
            found.append(UnknownVariable(name, None, f"{name} is not used by this version; it is {LATER[name]}."))
            continue
        if name in FIXED:
            found.append(UnknownVariable(name, None, f"{name} has no effect. {FIXED[name]}"))
            continue
        close = difflib.get_close_matches(name.upper(), known, n=1, cutoff=_CLOSE)
        if close and name not in LATER:
            found.append(UnknownVariable(name, close[0], f"{name} has no effect; did you mean {close[0]}?"))
        elif name.startswith(_OURS):
            found.append(UnknownVariable(name, None, f"{name} has no effect; Wipsie reads no such variable."))
    return found
