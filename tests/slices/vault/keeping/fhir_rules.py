"""What FHIR R4 (4.0.1) demands of the resources in an archive, written down from the specification and from nothing in `src`:
https://hl7.org/fhir/R4/ bundle.html, documentreference.html, patient.html, datatypes.html, references.html, json.html."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from typing import Any, cast

INSTANT = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
DATE_TIME = rf"[0-9]{{4}}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?|{INSTANT}"
URN = r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
CODE = r"[^\s]+(\s[^\s]+)*"

_DOCUMENT = {
    "resourceType",
    "id",
    "masterIdentifier",
    "identifier",
    "status",
    "docStatus",
    "type",
    "category",
    "subject",
    "date",
    "author",
    "authenticator",
    "custodian",
    "relatesTo",
    "description",
    "securityLabel",
    "content",
    "context",
}
_ATTACHMENT = {"contentType", "language", "data", "url", "size", "hash", "title", "creation"}
_AUTHORS = {"Practitioner", "PractitionerRole", "Organization", "Device", "Patient", "RelatedPerson"}


def check_bundle(bundle: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
    """`files`: what lies beside the Bundle, by its URL relative to it."""
    _only(bundle, {"resourceType", "identifier", "type", "timestamp", "entry", "id", "meta"})
    assert bundle["resourceType"] == "Bundle"
    assert bundle["type"] == "collection"
    _identifier(bundle["identifier"])
    _matches(INSTANT, bundle["timestamp"])
    # bdl-3, bdl-4: no request and no response in a collection. bdl-7: a full URL once. JSON: an array is left out rather than empty.
    assert bundle.get("entry") != []
    entries = bundle.get("entry", ())
    urls = [entry["fullUrl"] for entry in entries]
    assert len(set(urls)) == len(urls)
    kinds: dict[str, str] = {}
    for entry in entries:
        _only(entry, {"fullUrl", "resource", "link"})
        _matches(URN, entry["fullUrl"])
        kinds[entry["fullUrl"]] = entry["resource"]["resourceType"]
    for entry in entries:
        _nothing_empty(entry)
        if kinds[entry["fullUrl"]] == "Patient":
            _patient(entry["resource"])
        else:
            _document(entry["resource"], kinds, files)


def _patient(resource: Mapping[str, Any]) -> None:
    _only(resource, {"resourceType", "id", "identifier", "name"})
    for one in resource.get("identifier", ()):
        _identifier(one)
    for name in resource.get("name", ()):
        _only(name, {"use", "text", "family", "given"})
        _string(name["text"])


def _document(resource: Mapping[str, Any], kinds: Mapping[str, str], files: Mapping[str, bytes]) -> None:
    assert resource["resourceType"] == "DocumentReference"
    _only(resource, _DOCUMENT)
    assert resource["status"] in {"current", "superseded", "entered-in-error"}
    _identifier(resource["masterIdentifier"])
    for one in resource["identifier"]:
        _identifier(one)
    _matches(INSTANT, resource["date"])
    assert kinds[resource["subject"]["reference"]] == "Patient"
    _string(resource["description"])
    for author in resource.get("author", ()):
        # ref-1 speaks of local references only; display alone is a reference too.
        _only(author, {"reference", "type", "identifier", "display"})
        assert author["type"] in _AUTHORS
        _string(author["display"])
    if "type" in resource:
        _only(resource["type"], {"coding", "text"})
        _string(resource["type"]["text"])
        for coding in resource["type"].get("coding", ()):
            _only(coding, {"system", "version", "code", "display", "userSelected"})
            assert coding["system"] == "http://loinc.org"
            _matches(r"[0-9]{1,5}-[0-9]", coding["code"])
    assert resource["content"], "1..*"
    for content in resource["content"]:
        _only(content, {"attachment", "format"})
        _attachment(content["attachment"], files)
    if "context" in resource:
        _only(
            resource["context"],
            {"encounter", "event", "period", "facilityType", "practiceSetting", "sourcePatientInfo", "related"},
        )
        period = resource["context"]["period"]
        _only(period, {"start", "end"})
        # per-1: the start is not after the end.
        assert period["start"] <= period["end"]
        for moment in period.values():
            _matches(DATE_TIME, moment)


def _attachment(attachment: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
    _only(attachment, _ATTACHMENT)
    _matches(CODE, attachment["contentType"])
    content = files[attachment["url"]]
    assert attachment["size"] == len(content) < 2**31
    try:
        assert (
            base64.b64decode(attachment["hash"], validate=True) == hashlib.sha1(content, usedforsecurity=False).digest()
        )
    except binascii.Error as error:
        raise AssertionError from error
    if "title" in attachment:
        _string(attachment["title"])
    if "creation" in attachment:
        _matches(DATE_TIME, attachment["creation"])


def _identifier(identifier: Mapping[str, Any]) -> None:
    _only(identifier, {"use", "type", "system", "value", "period", "assigner"})
    assert identifier["system"] == "urn:ietf:rfc:3986"
    _matches(URN, identifier["value"])


def _nothing_empty(value: Any) -> None:
    if isinstance(value, dict):
        assert value
        for one in cast("dict[str, Any]", value).values():
            _nothing_empty(one)
    elif isinstance(value, list):
        assert value
        for one in cast("list[Any]", value):
            _nothing_empty(one)
    else:
        assert value is not None
        assert value != ""


def _string(text: str) -> None:
    assert isinstance(text, str)
    assert text.strip(), "a string is not empty, nor white space alone"
    assert all(sign >= " " or sign in "\t\r\n" for sign in text)


def _matches(pattern: str, text: str) -> None:
    assert re.fullmatch(pattern, text), (pattern, text)


def _only(value: Mapping[str, Any], known: set[str]) -> None:
    assert value.keys() <= known, value.keys() - known
