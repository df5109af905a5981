"""Reports of X-rays, ultrasound, CT and MRI: prose, and earlier studies they compare with."""

from __future__ import annotations

from datetime import timedelta

from wipsie.testing.sample_reports.sheet import Block, Field, Heading, Paragraph, Sheet
from wipsie.testing.sample_reports.sheets.desk import Desk
from wipsie.testing.sample_reports.truth import SampleLanguage

_TITLES: dict[SampleLanguage, tuple[str, ...]] = {
    "en": (
        *("X-RAY CHEST PA VIEW", "ULTRASOUND WHOLE ABDOMEN", "MRI LUMBAR SPINE", "CT SCAN BRAIN (PLAIN)"),
        *("USG Abdomen & Pelvis", "RADIOLOGY REPORT", "2D Echocardiography Report", "Mammogram"),
    ),
    "es": ("RADIOGRAFÍA DE TÓRAX", "Ecografía abdominal", "Resonancia magnética de columna", "Informe radiológico"),
    "pt": ("RAIO-X DE TÓRAX", "Ultrassonografia de abdome", "Ressonância magnética", "Tomografia computadorizada"),
    "de": ("Röntgen Thorax", "MRT der LWS", "Sonographie Abdomen", "CT Schädel nativ", "Radiologischer Befund"),
}
_SECTIONS: dict[SampleLanguage, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "en": (
        ("CLINICAL HISTORY", ("Cough since three weeks.", "Low back pain.", "Pain abdomen.", "Routine check.")),
        ("TECHNIQUE", ("Standard views were obtained.", "Multiplanar sequences without contrast.")),
        (
            "FINDINGS",
            (
                "Lung fields are clear. Cardiac size is within normal limits. Both costophrenic angles are free.",
                "Liver is normal in size and echotexture. Gall bladder is well distended, no calculus seen.",
                "Mild disc bulge at L4-L5 without nerve root compression. Vertebral heights are maintained.",
            ),
        ),
        ("IMPRESSION", ("No significant abnormality detected.", "Mild degenerative changes.", "Grade I fatty liver.")),
    ),
    "es": (
        ("HALLAZGOS", ("Campos pulmonares sin consolidaciones. Silueta cardíaca normal.", "Hígado de tamaño normal.")),
        ("CONCLUSIÓN", ("Sin hallazgos patológicos.", "Cambios degenerativos leves.")),
    ),
    "pt": (
        ("ACHADOS", ("Campos pulmonares livres. Área cardíaca normal.", "Fígado de dimensões normais.")),
        ("CONCLUSÃO", ("Exame dentro dos limites da normalidade.", "Alterações degenerativas leves.")),
    ),
    "de": (
        ("BEFUND", ("Kein Infiltrat, kein Erguss. Herz normal groß.", "Leber normal groß, glatt begrenzt.")),
        ("BEURTEILUNG", ("Unauffälliger Befund.", "Geringe degenerative Veränderungen.")),
    ),
}


def an_imaging_report(desk: Desk) -> Sheet:
    """Its date is when it was reported, or, where the sheet does not say, when the pictures were taken."""
    chance = desk.chance
    says_reported = chance.random() < 0.6
    ahead = -chance.choice((0, 0, 0, 1)) if says_reported else 0
    moments: list[Field] = [desk.moment("study", ahead, hour=10)]
    if says_reported:
        moments.append(desk.moment("reported", 0, hour=15))
    if chance.random() < 0.25:
        moments.insert(0, desk.moment("registered", ahead, hour=9))
    if chance.random() < 0.25:
        moments.reverse()
    blocks: list[Block] = []
    for name, choices in _SECTIONS[desk.language]:
        blocks += [Heading(name), Paragraph(chance.choice(choices))]
    if chance.random() < 0.35:
        earlier = desk.calendar.write(desk.day - timedelta(days=chance.randrange(60, 900)))
        blocks.insert(2, Paragraph(f"{desk.words.of('previous')} {earlier}."))
    return desk.sheet("imaging", chance.choice(_TITLES[desk.language]), moments, blocks)
