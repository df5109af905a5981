"""Templates an account has approved: outside of the 24-hour window the only thing it may send."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

from wipsie.testing.simulators.whatsapp.graph.errors import GraphError
from wipsie.testing.simulators.whatsapp.graph.fields import Fields
from wipsie.testing.simulators.whatsapp.graph.interactive import media_part
from wipsie.testing.simulators.whatsapp.graph.outgoing import Choice, MediaPart

_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")
_PARAMETER_MAX = 1024
_MEDIA = ("image", "video", "document")


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """`body` may hold ``{{1}}`` or ``{{name}}``."""

    name: str
    language: str = "en_US"
    body: str = ""
    header: str | None = None
    footer: str | None = None
    quick_replies: tuple[str, ...] = ()
    category: Literal["utility", "marketing", "authentication"] = "utility"
    status: Literal["approved", "paused", "disabled"] = "approved"


class FilledTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """What the phone shows."""

    template: Template
    text: str
    header: str | None
    media: MediaPart | None
    choices: tuple[Choice, ...]


HELLO_WORLD = Template(
    name="hello_world",
    header="Hello World",
    body="Welcome. This message shows that templates can be sent from this number.",
    footer="A sample of the simulator",
)


class Templates:
    """Those of the account, by name and language."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._known: dict[tuple[str, str], Template] = {}
        self.add(HELLO_WORLD)

    def __iter__(self) -> Iterator[Template]:
        return iter(list(self._known.values()))

    def add(self, template: Template) -> None:
        """Or change it. ValueError when there are too many."""
        key = (template.name, template.language)
        if key not in self._known and len(self._known) >= self._limit:
            raise ValueError(f"At most {self._limit} templates are kept.")
        self._known[key] = template

    def fill(self, fields: Fields) -> FilledTemplate:
        """The object `template` of a request. GraphError."""
        name = fields.text("name", most=512)
        language = fields.object("language").text("code")
        template = self._known.get((name, language))
        if template is None:
            raise GraphError(132001, f"There is no template {name} in {language}.")
        if template.status != "approved":
            raise GraphError(132015 if template.status == "paused" else 132016)
        header, body, media, payloads = template.header, template.body, None, dict[int, str]()
        for component in fields.objects("components", most=20):
            kind = component.text("type").lower()
            if kind == "body":
                body = _filled(body, component)
            elif kind == "header":
                media = _media(component)
                if media is None:
                    header = _filled(header or "", component)
            elif kind == "button" and component.optional_text("sub_type") == "quick_reply":
                index, payload = _payload(component)
                payloads[index] = payload
        for text in (body, header or ""):
            left = _PLACEHOLDER.findall(text)
            if left:
                raise GraphError(132000, f"{len(left)} parameters were not given.")
        choices = tuple(
            Choice(id=payloads.get(index, title), title=title, kind="quick_reply")
            for index, title in enumerate(template.quick_replies)
        )
        return FilledTemplate(template=template, text=body, header=header, media=media, choices=choices)


def _filled(text: str, component: Fields) -> str:
    names = list(dict.fromkeys(_PLACEHOLDER.findall(text)))
    parameters = component.objects("parameters")
    if len(parameters) != len(names):
        raise GraphError(132000, f"{len(parameters)} parameters given, {len(names)} expected.")
    values: dict[str, str] = {}
    for index, parameter in enumerate(parameters):
        parameter.is_one_of("type", ("text", "currency", "date_time"))
        name = parameter.optional_text("parameter_name") or str(index + 1)
        if name not in names:
            raise GraphError(132012, f"The template has no parameter {name}.")
        if parameter.has("text"):
            values[name] = parameter.text("text", most=_PARAMETER_MAX)
        else:
            nested = parameter.object(parameter.text("type"))
            values[name] = nested.text("fallback_value", most=_PARAMETER_MAX)
    return _PLACEHOLDER.sub(lambda match: values[match[1]], text)


def _media(component: Fields) -> MediaPart | None:
    for parameter in component.objects("parameters"):
        kind = parameter.text("type")
        if kind in _MEDIA:
            return media_part(parameter.object(kind), kind)
    return None


def _payload(component: Fields) -> tuple[int, str]:
    index = int(component.number("index", least=0, most=9))
    for parameter in component.objects("parameters", least=1, most=1):
        return index, parameter.text("payload", most=256)
    return index, ""
