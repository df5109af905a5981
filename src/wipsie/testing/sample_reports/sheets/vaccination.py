"""Vaccination records: a table of doses, each with its date and the expiry of its batch."""

from __future__ import annotations

from datetime import timedelta

from wipsie.testing.sample_reports.sheet import Block, Field, Paragraph, Sheet, Table
from wipsie.testing.sample_reports.sheets.desk import Desk
from wipsie.testing.sample_reports.truth import SampleLanguage

_TITLES: dict[SampleLanguage, tuple[str, ...]] = {
    "en": ("VACCINATION CERTIFICATE", "Immunization Record", "Vaccination Record", "CERTIFICATE OF IMMUNISATION"),
    "es": ("CERTIFICADO DE VACUNACIÓN", "Cartilla de vacunación"),
    "pt": ("CARTEIRA DE VACINAÇÃO", "Certificado de vacinação"),
    "de": ("Impfbescheinigung", "Impfnachweis"),
}
_VACCINES: dict[SampleLanguage, tuple[str, ...]] = {
    "en": ("Influenza", "Hepatitis B", "Tetanus Toxoid", "MMR", "Typhoid", "HPV"),
    "es": ("Gripe", "Hepatitis B", "Tétanos"),
    "pt": ("Influenza", "Hepatite B", "Febre amarela"),
    "de": ("Influenza", "Hepatitis B", "Tetanus"),
}
_HEADERS: dict[SampleLanguage, tuple[str, str, str, str]] = {
    "en": ("Vaccine", "Dose", "Batch No", "Batch Expiry"),
    "es": ("Vacuna", "Dosis", "Lote", "Caducidad"),
    "pt": ("Vacina", "Dose", "Lote", "Validade"),
    "de": ("Impfstoff", "Dosis", "Charge", "Verfall"),
}


def a_vaccination_record(desk: Desk) -> Sheet:
    """Its date is when it was issued, or, where the sheet does not say, that of the last dose."""
    chance = desk.chance
    says_issued = chance.random() < 0.5
    doses = chance.choice((1, 1, 2, 3))
    vaccine, number, batch, expiry = _HEADERS[desk.language]
    last = 0 if not says_issued else -chance.choice((0, 0, 0, 4, 30))
    rows: list[tuple[str, ...]] = []
    name = chance.choice(_VACCINES[desk.language])
    for dose in range(1, doses + 1):
        given = desk.day + timedelta(days=last - (doses - dose) * chance.randrange(28, 60))
        expires = given + timedelta(days=chance.randrange(60, 600))
        rows.append(
            (
                name,
                str(dose),
                desk.calendar.write(given),
                f"B{chance.randrange(1000, 99999)}",
                desk.calendar.write(expires),
            )
        )
    shows_expiry = chance.random() < 0.4
    header = (vaccine, number, desk.words.of("given"), batch, expiry)
    wide = 5 if shows_expiry else 4
    moments: list[Field] = [desk.moment("issued", 0)] if says_issued else []
    blocks: list[Block] = [Table(header[:wide], tuple(row[:wide] for row in rows))]
    if chance.random() < 0.4:
        label, when = desk.moment("next", chance.randrange(20, 365))
        blocks.append(Paragraph(f"{label}: {when}"))
    return desk.sheet("vaccination", chance.choice(_TITLES[desk.language]), moments, blocks)
