"""PET values as SUV by body weight (QIBA FDG-PET profile; PS3.3 C.8.9.1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydicom.dataset import Dataset

from radoncai.dicom.values import items, number, text

_DAY_S = 86400.0


def suv_factor(slices: Sequence[Dataset]) -> tuple[float | None, str]:
    """What the values of a PET series are multiplied with to become SUV (g/ml), and a sentence.

    `slices`: the headers of all images. None with the reason where the header does not say enough; values then stay
    in their own unit.
    """
    first = slices[0]
    units = text(first, "Units").upper()
    if units == "GML":
        return 1.0, "The PET values are SUV as stated in the files."
    if units == "CNTS":
        factor = _philips(first)
        return (factor, "The PET values are SUV by the manufacturer's factor for counts.") if factor else (
            None, "The PET values are counts and the files hold no factor for SUV; they stay counts.")
    if units != "BQML":
        return None, f"The PET values are in {units or 'an unknown unit'}; they were not turned into SUV."
    return _from_activity(slices)


def _from_activity(slices: Sequence[Dataset]) -> tuple[float | None, str]:
    first = slices[0]
    tracer = (items(first, "RadiopharmaceuticalInformationSequence") or [Dataset()])[0]
    weight, dose = number(first, "PatientWeight"), number(tracer, "RadionuclideTotalDose")
    half_life = number(tracer, "RadionuclideHalfLife")
    correction = text(first, "DecayCorrection").upper()
    lacking = [name for name, value in (("patient weight", weight), ("injected dose", dose),
                                        ("half-life", half_life)) if not value or value <= 0]
    if correction not in ("START", "ADMIN"):
        lacking.append("decay correction")
    waited = 0.0 if correction == "ADMIN" else _waited_s(slices, tracer)
    if waited is None:
        lacking.append("times of injection and scan")
    if lacking:
        return None, f"The PET values stay in Bq/ml: the files do not state {', '.join(lacking)} as SUV needs it."
    dose *= 1e6 if dose < 1e4 else 1.0  # some systems write MBq
    return weight * 1000.0 / (dose * 2.0 ** (-waited / half_life)), "The PET values are SUV by body weight."


def _waited_s(slices: Sequence[Dataset], tracer: Dataset) -> float | None:
    """Seconds from injection to the start of the scan; None where not stated or not plausible."""
    starts = [moment for moment in (_moment(s, "AcquisitionDate", "AcquisitionTime") for s in slices) if moment]
    series = _moment(slices[0], "SeriesDate", "SeriesTime")
    start = series if series and (not starts or series <= min(starts)) else min(starts, default=None)
    if start is None:
        return None
    injected = _parsed(text(tracer, "RadiopharmaceuticalStartDateTime"))
    if injected is None:
        injected = _parsed(start.strftime("%Y%m%d") + text(tracer, "RadiopharmaceuticalStartTime"))
        if injected is None or not text(tracer, "RadiopharmaceuticalStartTime"):
            return None
    waited = (start - injected).total_seconds()
    waited += _DAY_S if waited < 0 and not text(tracer, "RadiopharmaceuticalStartDateTime") else 0.0
    return waited if 0 <= waited < _DAY_S else None


def _moment(data: Dataset, date: str, time: str) -> datetime | None:
    return _parsed(text(data, date) + text(data, time)) if text(data, date) and text(data, time) else None


def _parsed(stamp: str) -> datetime | None:
    """A DICOM date with time, without fraction and zone."""
    digits = stamp.split(".")[0].split("+")[0].split("-")[0]
    for form in ("%Y%m%d%H%M%S", "%Y%m%d%H%M"):
        try:
            return datetime.strptime(digits, form)
        except ValueError:
            continue
    return None


def _philips(data: Dataset) -> float | None:
    """The private SUV scale factor of Philips."""
    try:
        value = float(data.private_block(0x7053, "Philips PET Private Group")[0x00].value)
    except Exception:  # noqa: BLE001  absent, or any damage
        return None
    return value if value > 0 else None
