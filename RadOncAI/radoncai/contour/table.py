"""Rows of structures.csv."""

from __future__ import annotations

from radoncai.contour.findings import describe
from radoncai.core.structures import Structure, StructureSet
from radoncai.core.templates import match


def structure_rows(structures: StructureSet) -> list[dict[str, object]]:
    """One row a structure in the order of the set, then one a structure that was asked for and is not there.

    Keys are the columns of design 5.2 without `case` and `run`; centres in LPS mm; None is an empty cell.
    """
    rows = [_row(s, structures) for s in structures]
    return rows + [_missing(name, reason, "not_available" if name in structures.unavailable else "not_found")
                   for name, reason in structures.missing.items()]


def _row(structure: Structure, structures: StructureSet) -> dict[str, object]:
    shape = describe(structure, structures)
    left, posterior, superior = (round(float(x), 1) for x in shape.center_lps)
    return {"structure": structure.name, "standard_name": structure.standard_name or None, "role": structure.role,
            "volume_cc": round(shape.volume_cc, 3), "slices": int((shape.areas_mm2 > 0).sum()),
            "pieces": len(shape.pieces_cc), "center_l_mm": left, "center_p_mm": posterior, "center_s_mm": superior,
            "uncertainty": structure.uncertainty, "status": structure.review.status,
            "findings": list(structure.findings)}


def _missing(name: str, reason: str, status: str) -> dict[str, object]:
    template = match(name)
    empty = dict.fromkeys(("volume_cc", "slices", "pieces", "center_l_mm", "center_p_mm", "center_s_mm",
                           "uncertainty"))
    return {"structure": name, "standard_name": template.name if template else None,
            "role": template.role if template else None, **empty, "status": status, "findings": [reason]}
