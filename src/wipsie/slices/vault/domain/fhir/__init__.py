"""Reports as FHIR R4 (4.0.1) tells of them, so that other systems take them over."""

from wipsie.slices.vault.domain.fhir.bundle import bundle_pieces

__all__ = ["bundle_pieces"]
