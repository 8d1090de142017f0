"""Which dose levels a picture shows: those that the prescription makes meaningful."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from radoncai.core.dose import Dose, Prescription
from radoncai.report.colours import ISODOSES, Rgb, rgb

ONE_LEVEL = (0.30, 0.50, 0.70, 0.80, 0.95, 1.00, 1.07)
SEVERAL_LEVELS = (0.30, 0.50, 1.00, 1.07)
COVERED = 0.95


@dataclass(frozen=True)
class Isodose:
    """A level in Gy, as a share of the highest prescribed dose, its colour, and what it means."""

    gy: float
    share: float
    color: Rgb
    note: str = ""

    @property
    def words(self) -> str:
        """'66.5 Gy  95 %'."""
        return f"{self.gy:.1f} Gy  {100 * self.share:.0f} %"


def isodoses(dose: Dose, prescription: Prescription | None) -> list[Isodose]:
    """Levels in Gy, lowest first: 95 % of every prescribed level, 30, 50, 100 and 107 % of the highest.

    A single prescription gets 70 and 80 % too. Without a prescription the shares are of the 99.9th percentile
    of the dose. At most seven; the coldest of the rest fall away.
    """
    levels = prescription.levels if prescription else ()
    reference = levels[0] if levels else float(np.percentile(dose.volume.array, 99.9))
    notes = {round(COVERED * level, 2): f"95 % of {level:g} Gy" for level in levels}
    shares = SEVERAL_LEVELS if len(levels) > 1 else ONE_LEVEL
    values = sorted({round(s * reference, 2) for s in shares} | set(notes))[-len(ISODOSES):]
    colors = ISODOSES[-len(values):] if len(values) > 4 else ISODOSES[::2]
    return [Isodose(gy, gy / reference, rgb(code), notes.get(gy, ""))
            for gy, code in zip(values, colors, strict=False)]
