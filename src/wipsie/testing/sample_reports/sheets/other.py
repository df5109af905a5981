"""Papers that are none of the common kinds: certificates and referrals."""

from __future__ import annotations

from wipsie.testing.sample_reports.sheet import Field, Paragraph, Sheet
from wipsie.testing.sample_reports.sheets.desk import Desk
from wipsie.testing.sample_reports.truth import SampleLanguage

_PAPERS: dict[SampleLanguage, tuple[tuple[str, str], ...]] = {
    "en": (
        (
            "MEDICAL FITNESS CERTIFICATE",
            "This is to certify that {name} has been examined by me and is fit to resume duty.",
        ),
        (
            "REFERRAL LETTER",
            "Thank you for seeing {name}, who has had headaches for some weeks. Kindly examine and advise.",
        ),
        ("SICK LEAVE CERTIFICATE", "{name} is advised rest for five days and is not fit to work during this time."),
    ),
    "es": (("CERTIFICADO MÉDICO", "Se certifica que {name} se encuentra en buen estado de salud."),),
    "pt": (("ATESTADO MÉDICO", "Atesto que {name} necessita de dois dias de afastamento de suas atividades."),),
    "de": (("Ärztliche Bescheinigung", "Hiermit wird bestätigt, dass {name} heute in unserer Praxis war."),),
}


def another_paper(desk: Desk) -> Sheet:
    """Its date is that of its issue or of the visit."""
    chance = desk.chance
    title, text = chance.choice(_PAPERS[desk.language])
    moments: list[Field] = [desk.moment(chance.choice(("issued", "visit")), 0)]
    return desk.sheet("other", title, moments, [Paragraph(text.format(name=desk.patient.name))])
