"""Hospitals, laboratories and practices that do not exist, with their letterheads."""

from __future__ import annotations

import random

import msgspec

from wipsie.testing.sample_reports.people import a_doctor
from wipsie.testing.sample_reports.truth import ReportKind, SampleLanguage

_PROPER = (
    *("Lakeside", "Riverbend", "Green Valley", "Silver Oak", "Northgate", "Harbour View", "Old Mill", "Sunfield"),
    *("Shanti", "Arunodaya", "Nirmal", "Sanjeevan", "Kamal", "Ashwini", "Trinetra", "Saraswat"),
    *("St. Bartram's", "Holy Lantern", "Kingsbrook", "Westmere", "Fairhaven", "Three Bridges", "Maple Court"),
)
_BRANDS = ("MedAxis", "Vitalis Nova", "PathoCare", "Heliora", "CuraPoint", "Omnilab", "Zenith One", "Biolyse")
_KINDS: dict[SampleLanguage, dict[str, tuple[str, ...]]] = {
    "en": {
        "lab": ("Diagnostics", "Labs", "Pathology Laboratory", "Diagnostic Centre", "Clinical Laboratory", "Path Labs"),
        "imaging": ("Imaging Centre", "Scans & Imaging", "Diagnostic Imaging", "Hospital", "MRI & CT Centre"),
        "hospital": (
            "Hospital",
            "Multispeciality Hospital",
            "Medical Centre",
            "Nursing Home",
            "General Hospital",
            "Hospitals",
        ),
        "practice": ("Clinic", "Family Practice", "Polyclinic", "Health Centre", "Medical Center", "Surgery"),
    },
    "es": {
        "lab": ("Laboratorio {}", "Laboratorios {}", "Análisis Clínicos {}"),
        "imaging": ("Centro de Imagen {}", "Radiología {}", "Hospital {}"),
        "hospital": ("Hospital {}", "Clínica {}", "Hospital General {}", "Sanatorio {}"),
        "practice": ("Clínica {}", "Centro Médico {}", "Consultorio {}", "Policlínica {}"),
    },
    "pt": {
        "lab": ("Laboratório {}", "Análises Clínicas {}", "{} Medicina Diagnóstica"),
        "imaging": ("{} Diagnóstico por Imagem", "Centro de Imagem {}", "Hospital {}"),
        "hospital": ("Hospital {}", "Santa Casa {}", "Casa de Saúde {}", "Hospital e Maternidade {}"),
        "practice": ("Clínica {}", "Centro Médico {}", "Policlínica {}"),
    },
    "de": {
        "lab": ("Labor {}", "MVZ Labor {}", "Laborzentrum {}"),
        "imaging": ("Radiologie {}", "Röntgenpraxis {}", "Klinikum {}"),
        "hospital": ("Klinikum {}", "Krankenhaus {}", "St. Anselm-Krankenhaus {}", "Klinik {}"),
        "practice": ("Praxis {}", "Gemeinschaftspraxis {}", "Ärztehaus {}"),
    },
}
_FOREIGN_PROPER: dict[str, tuple[str, ...]] = {
    "es": ("del Lago", "Puente Viejo", "Santa Lumbre", "Valverde", "Las Encinas", "Río Claro"),
    "pt": ("Vale Verde", "São Lampião", "Ponte Nova", "das Flores", "Rio Manso", "Boa Esperança"),
    "de": ("Seeblick", "Am Mühlbach", "Lindental", "Neubrück", "Waldau", "Sonnenhof"),
}
_FAMILY: dict[ReportKind, tuple[str, ...]] = {
    "blood_test": ("lab", "lab", "lab", "hospital"),
    "imaging": ("imaging", "imaging", "hospital"),
    "prescription": ("practice", "practice", "hospital"),
    "discharge_summary": ("hospital",),
    "vaccination": ("practice", "hospital"),
    "bill": ("hospital", "lab", "practice"),
    "other": ("practice", "hospital"),
}
_TAGLINES = (
    *(
        "Care you can trust",
        "Your health, our promise",
        "Caring since 1987",
        "Accuracy. Every time.",
        "Healing with heart",
    ),
    *("A unit of Nova Wellness Group Pvt. Ltd.", "24 x 7 Emergency", "NABH-style quality, local care"),
)
_STREETS = ("Canal Road", "Station Road", "Market Street", "Hill Lane", "Second Avenue", "Temple Street")
_FOREIGN_STREETS = {
    "es": ("Calle del Molino", "Avenida Central"),
    "pt": ("Rua das Amoreiras", "Avenida Central"),
    "de": ("Mühlweg", "Hauptstraße"),
}
_TOWNS: dict[SampleLanguage, tuple[str, ...]] = {
    "en": ("Sampleton", "Exampur", "Fictionabad", "Testbridge", "Mockford"),
    "es": ("Villa Ejemplo", "Ciudad Muestra"),
    "pt": ("Exemplópolis", "Vila Amostra"),
    "de": ("Musterstadt", "Beispielhausen"),
}


class Letterhead(msgspec.Struct, frozen=True, kw_only=True):
    """Who wrote a report."""

    name: str
    tagline: str
    address: str
    contact: str
    town: str
    doctor: str
    """Whose practice it is; empty for a house of many."""


def a_letterhead(chance: random.Random, language: SampleLanguage, kind: ReportKind) -> Letterhead:
    """Most names say what the house is, some are brands that do not."""
    family = chance.choice(_FAMILY[kind])
    name = a_house(chance, language, family)
    if language == "en" and chance.random() < 0.1:
        name = chance.choice(_BRANDS)
    town = chance.choice(_TOWNS[language])
    streets = _STREETS if language == "en" else _FOREIGN_STREETS[language]
    return Letterhead(
        name=name.upper() if chance.random() < 0.25 else name,
        tagline=chance.choice(_TAGLINES) if language == "en" and chance.random() < 0.5 else "",
        address=f"{chance.randrange(1, 300)} {chance.choice(streets)}, {town} {chance.randrange(10_000, 999_999)}",
        contact=f"{chance.choice(('Tel', 'Ph', 'T'))}: +1 555 01{chance.randrange(0, 100):02} {chance.randrange(1000, 9999)}"
        f"   {chance.choice(('info@', 'care@', 'www.'))}{name.split()[0].lower().strip('.')}.example",
        town=town,
        doctor=a_doctor(chance, language) if family == "practice" and chance.random() < 0.5 else "",
    )


def a_house(chance: random.Random, language: SampleLanguage, family: str) -> str:
    """The name of a house of a family: lab, imaging, hospital or practice."""
    wording = chance.choice(_KINDS[language][family])
    if language == "en":
        return f"{chance.choice(_PROPER)} {wording}"
    return wording.format(chance.choice(_FOREIGN_PROPER[language]))
