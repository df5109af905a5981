"""How the operations on records are described, the same for every kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter

from wipsie.api.access import needs
from wipsie.api.answers import IDEMPOTENCY_KEY
from wipsie.api.lists import ListSpec, Page
from wipsie.api.openapi import Answer, Description, Parameter, describe
from wipsie.api.versions import IF_MATCH, IF_NONE_MATCH

REFERENCE = Parameter(
    name="reference", where="path", required=True, description="Its id, or its number where its kind has one."
)
_LIST_ERRORS = (400, 422, 503)
_READ_ERRORS = (404, 503)
_CREATE_ERRORS = (400, 409, 413, 422, 503)
_ACT_ERRORS = (400, 404, 409, 413, 422, 503)
_CHANGE_ERRORS = (400, 404, 409, 412, 413, 422, 428, 503)


class Operations:
    """Registers operations of one tag."""

    def __init__(self, router: APIRouter, tag: str) -> None:
        self._router = router
        self._tag = tag

    def add(
        self,
        method: str,
        path: str,
        endpoint: Callable[..., Any],
        summary: str,
        description: Description,
        *,
        operation_id: str | None = None,
    ) -> None:
        """One operation; the endpoint's name is its id unless said otherwise, its docstring its text."""
        self._router.add_api_route(
            path,
            endpoint,
            methods=[method],
            tags=[self._tag],
            summary=summary,
            name=operation_id,
            openapi_extra=description,
        )


def listing(spec: ListSpec, view: Any, permission: str, *parameters: Parameter) -> Description:
    """A list; `parameters` beside those of the list itself, for example of its path."""
    return describe(
        access=needs(permission),
        answers={200: Answer(type=Page[view], description="A page of the list.")},
        parameters=(*parameters, *spec.parameters),
        error_statuses=(*_LIST_ERRORS, 404) if parameters else _LIST_ERRORS,
    )


def creating(
    request: Any, view: Any, permission: str, examples: Mapping[str, Any], *parameters: Parameter
) -> Description:
    """Making a record; `parameters` of its path, when it hangs on another."""
    return describe(
        access=needs(permission),
        request=request,
        request_examples=examples,
        answers={201: Answer(type=view, description="Made.")},
        parameters=(*parameters, IDEMPOTENCY_KEY),
        error_statuses=(*_CREATE_ERRORS, 404) if parameters else _CREATE_ERRORS,
    )


def showing(view: Any, permission: str) -> Description:
    """Reading a record."""
    return describe(
        access=needs(permission),
        answers={200: Answer(type=view, description="As it is now."), 304: Answer(description="Not changed since.")},
        parameters=(REFERENCE, IF_NONE_MATCH),
        error_statuses=_READ_ERRORS,
    )


def changing(request: Any, view: Any, permission: str, examples: Mapping[str, Any]) -> Description:
    """Changing a record in the version that was read."""
    return describe(
        access=needs(permission),
        request=request,
        request_examples=examples,
        answers={200: Answer(type=view, description="As it is now.")},
        parameters=(REFERENCE, IF_MATCH, IDEMPOTENCY_KEY),
        error_statuses=_CHANGE_ERRORS,
    )


def acting(request: Any, view: Any, permission: str, examples: Mapping[str, Any], status: int = 201) -> Description:
    """Adding something to a record."""
    return describe(
        access=needs(permission),
        request=request,
        request_examples=examples,
        answers={status: Answer(type=view, description="Done.")},
        parameters=(REFERENCE, IDEMPOTENCY_KEY),
        error_statuses=_ACT_ERRORS,
    )


def removing(permission: str) -> Description:
    """Removing a record in the version that was read."""
    return describe(
        access=needs(permission),
        answers={204: Answer(description="Gone.")},
        parameters=(REFERENCE, IF_MATCH),
        error_statuses=_CHANGE_ERRORS,
    )


def a(title: str) -> str:
    """The title of a kind within a sentence: ``an incident``."""
    return f"{'an' if title[0] in 'AEIOU' else 'a'} {title.lower()}"
