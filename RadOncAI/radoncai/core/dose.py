"""Dose and prescription."""

from __future__ import annotations

from dataclasses import dataclass

from radoncai.core.volume import Volume


@dataclass(frozen=True)
class Prescription:
    """Target structure name to dose in Gy, highest level first by habit; number of fractions, if known."""

    targets: dict[str, float]
    fractions: int | None = None

    @property
    def levels(self) -> tuple[float, ...]:
        """Different dose levels in Gy, highest first."""
        return tuple(sorted(set(self.targets.values()), reverse=True))


@dataclass(frozen=True, eq=False)
class Dose:
    """A volume in Gy. `kind` is clinical, predicted or mimicked; `spread` is one standard deviation in Gy, if known."""

    volume: Volume
    kind: str = "clinical"
    prescription: Prescription | None = None
    comment: str = ""
    spread: Volume | None = None
