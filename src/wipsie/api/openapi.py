"""OpenAPI for fast routes, from msgspec types; and one error schema for every operation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import msgspec
from fastapi import FastAPI
from starlette.routing import BaseRoute

from wipsie.api.access import Access
from wipsie.api.errors import ErrorEnvelope
from wipsie.api.fast_route import FastRoute
from wipsie.api.gate import SESSION_COOKIE
from wipsie.api.json_body import JSON_TYPE

_REF = "#/components/schemas/{name}"

_SECURITY_OF_NOBODY: list[dict[str, list[str]]] = []
_SECURITY: list[dict[str, list[str]]] = [{"bearer": []}, {"cookie": []}]
_SECURITY_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token of POST /api/auth/login, or an API key.",
    },
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": SESSION_COOKIE,
        "description": "Set by POST /api/auth/login for pages of this server; over https its name begins with __Host-.",
    },
}

_ERROR_EXAMPLE = {
    "error": {
        "code": "QUEUE_NOT_FOUND",
        "message": "There is no queue 'invalid-queue'.",
        "details": {"queue_name": "invalid-queue", "available_queues": ["default"]},
        "timestamp": "2025-10-04T14:06:02.648981Z",
        "request_id": "req-3f2a9c0d1e4b5a67",
    }
}


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter of an operation."""

    name: str
    where: str = "query"
    """query, path or header."""
    type: Any = str
    """A type msgspec can describe, for example ``Annotated[int, msgspec.Meta(ge=1, le=10)]``."""
    description: str = ""
    required: bool = False
    default: Any = None
    example: Any = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One successful response of an operation."""

    type: Any = None
    """A type msgspec can describe; None for an answer without a body."""
    description: str = "Done."
    example: Any = None
    media_type: str = JSON_TYPE
    other_media_types: Sequence[str] = ()
    """Forms it may have as well, by what is asked for."""


class Description(dict[str, Any]):
    """What `describe` hands to a route as `openapi_extra`: empty for the framework, read by `complete_schema`."""

    def __init__(
        self,
        *,
        access: Access,
        request: Any,
        request_examples: Mapping[str, Any],
        request_type: str,
        answers: Mapping[int, Answer],
        parameters: Sequence[Parameter],
        error_statuses: Sequence[int],
    ) -> None:
        super().__init__()
        self.access = access
        self.request = request
        self.request_examples = request_examples
        self.request_type = request_type
        self.answers = answers
        self.parameters = parameters
        self.error_statuses = error_statuses

    @property
    def types(self) -> list[Any]:
        """All types that the description names."""
        found = [parameter.type for parameter in self.parameters]
        found += [answer.type for answer in self.answers.values() if answer.type is not None]
        return [*found, self.request] if self.request is not None else found


def describe(
    *,
    access: Access,
    request: Any = None,
    request_examples: Mapping[str, Any] | None = None,
    request_type: str = JSON_TYPE,
    answers: Mapping[int, Answer] | None = None,
    parameters: Sequence[Parameter] = (),
    error_statuses: Sequence[int] = (),
) -> Description:
    """The documentation of a fast route, to be passed as `openapi_extra`.

    `access` says who may use it, `request` is the type of the body, which is JSON unless `request_type` says another,
    `request_examples` are bodies by name, `answers` are the successful ones by
    status, `error_statuses` the errors worth naming; every operation can answer with the error envelope anyway.
    """
    return Description(
        access=access,
        request=request,
        request_examples=request_examples or {},
        request_type=request_type,
        answers=answers or {200: Answer()},
        parameters=parameters,
        error_statuses=error_statuses,
    )


def _error_response(description: str) -> dict[str, Any]:
    schema = {"$ref": _REF.format(name=ErrorEnvelope.__name__)}
    return {"description": description, "content": {JSON_TYPE: {"schema": schema, "example": _ERROR_EXAMPLE}}}


# Each stands in nearly every operation, so the document has it once and the operations refer to it.
_ERROR_RESPONSES = {
    "AnyError": _error_response("Any error."),
    "Refused": _error_response("Refused; the code says why."),
    "WrongField": _error_response("A field is missing or wrong."),
}
_ANY_ERROR, _REFUSED, _WRONG_FIELD = ({"$ref": f"#/components/responses/{name}"} for name in _ERROR_RESPONSES)


def _body(
    schema: Mapping[str, Any], *, example: Any = None, examples: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": schema}
    if examples:
        content["examples"] = {name: {"value": value} for name, value in examples.items()}
    elif example is not None:
        content["example"] = example
    return content


class _Writer:
    """Writes descriptions into operations with references into one set of components."""

    def __init__(self, descriptions: Iterable[Description]) -> None:
        types: list[Any] = [ErrorEnvelope]
        for description in descriptions:
            types += description.types
        # Types need not be hashable, so the schemas are found again by place.
        schemas, self.components = msgspec.json.schema_components(types, ref_template=_REF)
        self._schemas: list[tuple[Any, dict[str, Any]]] = list(zip(types, schemas, strict=True))

    def _schema(self, kind: Any) -> dict[str, Any]:
        return next(dict(schema) for known, schema in self._schemas if known is kind)

    def write(self, description: Description, operation: dict[str, Any], path_parameters: Iterable[str]) -> None:
        parameters = [self._parameter(parameter) for parameter in description.parameters]
        named = {parameter["name"] for parameter in parameters}
        parameters += [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in path_parameters
            if name not in named
        ]
        if parameters:
            operation["parameters"] = parameters
        if description.request is not None:
            schema = self._schema(description.request)
            content = _body(schema, examples=description.request_examples)
            operation["requestBody"] = {"required": True, "content": {description.request_type: content}}
        access = description.access
        if access.permission is not None:
            operation["x-required-permission"] = access.permission
        operation["security"] = _SECURITY_OF_NOBODY if access.public else _SECURITY
        if access.open_on_loopback:
            # An empty requirement: credentials are welcome, and not asked for, while only this machine reaches the API.
            operation["security"] = [*_SECURITY, {}]
        responses: dict[str, Any] = {}
        for status, answer in description.answers.items():
            responses[str(status)] = {"description": answer.description}
            if answer.type is not None:
                content = _body(self._schema(answer.type), example=answer.example)
                forms = (answer.media_type, *answer.other_media_types)
                responses[str(status)]["content"] = dict.fromkeys(forms, content)
        refusals = () if access.public else (401, 403)
        for status in sorted({*description.error_statuses, *refusals}):
            responses[str(status)] = _REFUSED
        operation["responses"] = responses

    def _parameter(self, parameter: Parameter) -> dict[str, Any]:
        schema = self._schema(parameter.type)
        if parameter.default is not None:
            schema["default"] = parameter.default
        written: dict[str, Any] = {
            "name": parameter.name,
            "in": parameter.where,
            "required": parameter.required or parameter.where == "path",
            "schema": schema,
        }
        if parameter.description:
            written["description"] = parameter.description
        if parameter.example is not None:
            written["example"] = parameter.example
        return written


def complete_schema(schema: dict[str, Any], routes: Iterable[BaseRoute]) -> dict[str, Any]:
    """The framework's schema with the fast routes described and every error in the envelope. Changes and returns it."""
    described = [
        (route, route.openapi_extra)
        for route in routes
        if isinstance(route, FastRoute) and isinstance(route.openapi_extra, Description)
    ]
    writer = _Writer(description for _, description in described)
    paths = cast("dict[str, dict[str, dict[str, Any]]]", schema.setdefault("paths", {}))
    for route, description in described:
        for method in route.methods or ():
            operation = paths.get(route.path_format, {}).get(method.lower())
            if operation is not None:
                writer.write(description, operation, route.param_convertors)
    for operations in paths.values():
        for operation in operations.values():
            responses: dict[str, Any] = operation.setdefault("responses", {})
            if "HTTPValidationError" in str(responses.get("422")):
                responses["422"] = _WRONG_FIELD
            responses.setdefault("default", _ANY_ERROR)
    components: dict[str, Any] = schema.setdefault("components", {}).setdefault("schemas", {})
    for replaced in ("HTTPValidationError", "ValidationError"):
        components.pop(replaced, None)
    components.update(writer.components)
    schema["components"]["schemas"] = dict(sorted(components.items()))
    schema["components"]["responses"] = _ERROR_RESPONSES
    schema["components"]["securitySchemes"] = _SECURITY_SCHEMES
    return schema


def openapi_of(app: FastAPI, routes: Iterable[BaseRoute]) -> dict[str, Any]:
    """The completed OpenAPI 3.1 schema of an application, built once."""
    if app.openapi_schema is None:
        app.openapi_schema = complete_schema(FastAPI.openapi(app), routes)
    return app.openapi_schema
