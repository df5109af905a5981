"""Labels of dates are understood in five languages, and what they say of birth, ends and earlier reports comes first."""

from __future__ import annotations

import pytest

from wipsie.slices.vault.domain.reading.date_labels import label_of
from wipsie.slices.vault.domain.words import levelled


@pytest.mark.parametrize(
    ("phrase", "role"),
    [
        ("Reported On :", "reported"),
        ("Date of Report", "reported"),
        ("REPORT RELEASED ON", "reported"),
        ("Fecha del informe", "reported"),
        ("Laudo liberado em", "reported"),
        ("Befunddatum", "reported"),
        ("रिपोर्ट की तारीख", "reported"),
        ("Sample Collected At", "collected"),
        ("Toma de muestra", "collected"),
        ("Data da coleta", "collected"),
        ("Entnommen am", "collected"),
        ("Sample Received", "received"),
        ("Probeneingang", "received"),
        ("Registered On", "registered"),
        ("Fecha de ingreso al sistema", "registered"),
        ("Printed On", "printed"),
        ("Impresso em", "printed"),
        ("Gedruckt am", "printed"),
        ("Study Date", "study"),
        ("Untersuchung vom", "study"),
        ("D.O.A.", "admission"),
        ("Aufgenommen am", "admission"),
        ("DOD", "discharge"),
        ("Fecha de alta", "discharge"),
        ("Entlassen am", "discharge"),
        ("Invoice Date", "bill"),
        ("Rechnungsdatum", "bill"),
        ("Date Administered", "given"),
        ("Geimpft am", "given"),
        ("Issued On", "issued"),
        ("Ausgestellt am", "issued"),
        ("OPD Date", "visit"),
        ("Dated", "date"),
        ("Fecha", "date"),
        ("दिनांक", "date"),
        ("Surgery performed on", "surgery"),
        ("DOB", "birth"),
        ("D.O.B.", "birth"),
        ("Date of Birth / Age", "birth"),
        ("Born on", "birth"),
        ("F. Nacimiento / Edad", "birth"),
        ("Data nasc.", "birth"),
        ("geb. am", "birth"),
        ("जन्म तिथि", "birth"),
        ("Valid Until", "ends"),
        ("Licence valid till", "ends"),
        ("Certificate No. M-0417 valid up to", "ends"),
        ("Follow-up On", "ends"),
        ("Review On", "ends"),
        ("Próxima cita", "ends"),
        ("Válido até", "ends"),
        ("Wiedervorstellung", "ends"),
        ("Akkreditierung gültig bis", "ends"),
        ("Batch Expiry", "ends"),
        ("Previous report dated", "earlier"),
        ("Compared with the study of", "earlier"),
        ("Vorbefund vom", "earlier"),
        ("Exame anterior", "earlier"),
        ("Page", "none"),
        ("Validity of the method", "ends"),
        ("", "none"),
        (" : ", "none"),
    ],
)
def test_a_label_is_known(phrase: str, role: str) -> None:
    assert label_of(levelled(phrase)).role == role


@pytest.mark.parametrize(
    ("phrase", "role"),
    [
        ("DOB: - Sex: F Reported On:", "reported"),
        ("Next visit: none. Date:", "date"),
        ("Report of the laboratory; born", "birth"),
        ("Report No: 4417 Collected:", "collected"),
        ("Sent by Dr. Example, Riverbend Clinic Reg. Date", "registered"),
    ],
)
def test_the_label_nearest_to_the_date_counts(phrase: str, role: str) -> None:
    assert label_of(levelled(phrase)).role == role


@pytest.mark.parametrize(
    "name", ["Asha Sample", "Dr. Beatriz dos Testes", "Bill Example", "Ordering Physician", "Mateo Muestra Prueba"]
)
def test_people_are_no_labels(name: str) -> None:
    assert label_of(levelled(name)).role == "none"


def test_validated_is_not_valid_until() -> None:
    assert label_of("validated on").score > 0
    assert label_of("validado el").score > 0
    assert label_of("valido hasta").score < 0
