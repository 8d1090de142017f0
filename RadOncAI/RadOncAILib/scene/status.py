"""What a person said about a structure: our four words, and Slicer's own status beside them."""

from __future__ import annotations

from radoncai.core.errors import InputError
from RadOncAILib.scene.nodes import Segment
from RadOncAILib.scene.tags import STATUS, get_tag

SLICER_STATUS = "Segmentation.Status"
SLICER_WORD = {"unreviewed": "notstarted", "approved": "completed", "needs_work": "flagged", "rejected": "flagged"}


def status(segment: Segment) -> str:
    """unreviewed, needs_work, approved or rejected.

    Where a person used Slicer's own status column since, that counts: completed is approved, flagged is needs_work,
    not started and in progress are unreviewed.
    """
    word, shown = get_tag(segment, STATUS) or "unreviewed", get_tag(segment, SLICER_STATUS) or "notstarted"
    if SLICER_WORD.get(word) == shown:
        return word
    return {"completed": "approved", "flagged": "needs_work"}.get(shown, "unreviewed")


def set_status(segment: Segment, word: str) -> None:
    """Write both tags. Raises InputError for another word."""
    if word not in SLICER_WORD:
        raise InputError(f"There is no status {word!r}; choose one of {', '.join(SLICER_WORD)}.")
    segment.SetTag(SLICER_STATUS, SLICER_WORD[word])
    segment.SetTag(STATUS, word)
