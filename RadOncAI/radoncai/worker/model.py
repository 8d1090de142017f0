"""The model of a result in a line."""

from __future__ import annotations

from radoncai.models.catalogue import ModelFolder


def in_short(folder: ModelFolder, weights: str) -> dict[str, str]:
    """Name, version, title, and the hash of the weights that ran ("" for classical models)."""
    return {"name": folder.name, "version": folder.version, "title": folder.title, "weights": weights}
