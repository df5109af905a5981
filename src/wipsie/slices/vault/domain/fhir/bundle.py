"""A Bundle of type `collection`: a Patient for each person, a DocumentReference for each file, whose attachment lies beside it.

Source: FHIR R4 (4.0.1), https://hl7.org/fhir/R4/bundle.html, documentreference.html, datatypes.html#attachment, references.html.

- A DocumentReference for each file and not for each report: several contents of one are the same content in other formats. What belongs
  together shares an identifier.
- `date` is when the reference was made, and an instant; the date of the report is the period of its context, which may be a month.
- Entries are named by ``urn:uuid:…`` and refer to each other so; an attachment's URL is relative to the Bundle.
- `attachment.hash` is SHA-1, as R4 has it; SHA-256 stands in the table beside it.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from wipsie.kernel import json
from wipsie.kernel.clock import iso_utc
from wipsie.slices.vault.domain.export.exported import ExportedFile, ExportedReport

# LOINC codes of kinds of documents. Source: https://loinc.org, and the value set of DocumentReference.type.
_LOINC: Final[Mapping[str, str]] = {
    "blood_test": "11502-2",
    "imaging": "18748-4",
    "prescription": "57833-6",
    "discharge_summary": "18842-5",
    "vaccination": "11369-6",
}
_LOINC_SYSTEM: Final = "http://loinc.org"
_URI_SYSTEM: Final = "urn:ietf:rfc:3986"
_NAMES: Final = uuid.UUID("6f1d3a52-6c0e-5d39-9a37-20f1b7f0a6c4")
"""Of our names: equal ids have equal UUIDs in every archive, so that what was taken over before is known again."""


def bundle_pieces(reports: Iterable[ExportedReport], *, owner: str, at_ms: int) -> Iterator[bytes]:
    """The Bundle as JSON, an entry at a time; iterates over `reports` twice."""
    head = {
        "resourceType": "Bundle",
        "identifier": {"system": _URI_SYSTEM, "value": _urn(f"{owner}/{at_ms}")},
        "type": "collection",
        "timestamp": _instant(at_ms),
    }
    yield json.encode(head)[:-1]
    # An array that is empty is not there.
    before, end = b',"entry":[', b"}"
    patients: dict[str | None, str] = {}
    for report in reports:
        person = _text(report.details.person)
        if person not in patients:
            patients[person] = _urn(f"{owner}/person/{person or ''}")
            yield before + _entry(patients[person], _patient(owner, person))
            before, end = b",", b"]}"
    for report in reports:
        patient = patients[_text(report.details.person)]
        for position, file in enumerate(report.files, 1):
            yield before + _entry(_urn(file.id), _document(report, file, position, patient))
    yield end


def _entry(full_url: str, resource: Mapping[str, Any]) -> bytes:
    return json.encode({"fullUrl": full_url, "resource": resource})


def _patient(owner: str, person: str | None) -> dict[str, Any]:
    # No name for the owner: the vault knows what they are called at WhatsApp, which is none.
    resource: dict[str, Any] = {"resourceType": "Patient"}
    if person is not None:
        return {**resource, "name": [{"text": person}]}
    return {**resource, "identifier": [{"system": _URI_SYSTEM, "value": _urn(owner)}]}


def _document(report: ExportedReport, file: ExportedFile, position: int, patient: str) -> dict[str, Any]:
    details = report.details
    resource: dict[str, Any] = {
        "resourceType": "DocumentReference",
        "masterIdentifier": {"system": _URI_SYSTEM, "value": _urn(file.id)},
        "identifier": [{"system": _URI_SYSTEM, "value": _urn(report.id)}],
        "status": "current",
        "subject": {"reference": patient},
        "date": _instant(report.saved_at_ms),
        "description": _description(report, position),
        "content": [{"attachment": _attachment(report, file)}],
    }
    if (kind := _kind(report)) is not None:
        resource["type"] = kind
    if (hospital := _text(details.hospital)) is not None:
        resource["author"] = [{"type": "Organization", "display": hospital}]
    if details.date is not None:
        resource["context"] = {"period": {"start": details.date.iso, "end": details.date.iso}}
    return resource


def _attachment(report: ExportedReport, file: ExportedFile) -> dict[str, Any]:
    date = report.details.date
    attachment: dict[str, Any] = {
        "contentType": file.media_type,
        "url": file.path,
        "size": file.size,
        "hash": base64.b64encode(file.sha1).decode(),
    }
    if (title := _text(file.name)) is not None:
        attachment["title"] = title
    return attachment if date is None else {**attachment, "creation": date.iso}


def _kind(report: ExportedReport) -> dict[str, Any] | None:
    details = report.details
    text = _text(details.type_text) or (None if details.type is None else details.type.replace("_", " ").capitalize())
    code = _LOINC.get(details.type or "")
    if text is None:
        return None
    return {"text": text} if code is None else {"coding": [{"system": _LOINC_SYSTEM, "code": code}], "text": text}


def _description(report: ExportedReport, position: int) -> str:
    text = f"Report {report.number}"
    if len(report.files) > 1:
        text += f", file {position} of {len(report.files)}"
    note = _text(report.details.note)
    return text if note is None else f"{text}. {note}"


def _text(value: str | None) -> str | None:
    # A string of FHIR is not empty, and has no control characters but those of white space.
    kept = "".join(
        sign for sign in value or "" if sign in "\t\r\n" or (sign >= " " and not "\ud800" <= sign <= "\udfff")
    )
    return kept.strip() or None


def _instant(at_ms: int) -> str:
    return iso_utc(at_ms / 1000)


def _urn(name: str) -> str:
    return f"urn:uuid:{uuid.uuid5(_NAMES, name)}"
