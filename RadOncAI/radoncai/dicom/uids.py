"""Unique identifiers for the objects we make."""

from __future__ import annotations

from pydicom.uid import generate_uid


def new_uid(*parts: object) -> str:
    """A UID that is always the same for the same parts; a random one without parts."""
    return str(generate_uid(entropy_srcs=[str(p) for p in parts]) if parts else generate_uid())
