"""Height, weight and sex: from DICOM where present, else typed in; knows no Qt."""

from __future__ import annotations

KEYS = ("height_m", "weight_kg", "sex")


def asked(node) -> dict:
    """What the worker is told: None is unknown, and then it takes the header's."""
    return {key: getattr(node, key) or None for key in KEYS}


def from_header(node, volume_id: str, header: dict | None) -> None:
    """Fill the fields for a new image; what a person set for this same image stays."""
    if node.person_of != volume_id:
        node.person_of, node.by_hand = volume_id, []
    kept = list(node.by_hand)
    for key in KEYS:
        if key not in kept:
            value = (header or {}).get(key)
            setattr(node, key, (value or "") if key == "sex" else float(value or 0.0))


def set_by_hand(node, key: str, value) -> None:
    """A person's own value; 0 or "" gives the field back to DICOM."""
    if getattr(node, key) == value:
        return
    others = [name for name in node.by_hand if name != key]
    node.by_hand = [*others, key] if value else others
    setattr(node, key, value)


def in_header(header: dict | None) -> list[str]:
    return [key for key in KEYS if (header or {}).get(key)]
