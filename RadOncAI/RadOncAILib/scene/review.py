"""Keeps what people said about structures honest while they are edited.

An edit turns approved into unreviewed, and its exact undo gives the approval back. A structure that changed though it
was not selected gets a finding.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import slicer

from RadOncAILib.scene.checksum import segment_checksum
from RadOncAILib.scene.nodes import SegmentationNode
from RadOncAILib.scene.status import SLICER_STATUS, set_status, status
from RadOncAILib.scene.tags import STATUS, get_record, get_tag, set_record, update_record

SAID = ("reviewer", "reviewed_at", "comment")
STRAY = "Changed at {time} though it was not selected."


def set_review(node: SegmentationNode, segment_id: str, word: str, by: str = "", comment: str = "") -> None:
    """Write what a person said, with the voxels it was said of. Raises InputError for an unknown word."""
    segment = node.GetSegmentation().GetSegment(segment_id)
    set_status(segment, word)
    record = {k: v for k, v in get_record(segment).items() if k not in ("approved", "approved_sum")}
    if word == "approved":
        record["approved_sum"] = segment_checksum(node, segment_id)
        _drop_stray(record)
    record |= {"reviewer": by, "comment": comment, "reviewed_at": time.strftime("%Y-%m-%dT%H:%M:%S%z")}
    set_record(segment, record)


class ReviewWatch:
    """Watches one segmentation node; no Qt.

    `selected()` gives the ID of the segment being edited, None where nobody knows (then nothing is a finding).
    `on_dirty()` is called on every event: start a single-shot timer there (300 ms) that calls `settle`.
    """

    def __init__(self, node, selected: Callable[[], str | None] = lambda: None,
                 on_dirty: Callable[[], None] = lambda: None) -> None:
        self._node, self._selected, self._on_dirty = node, selected, on_dirty
        self._quiet, self._chosen = 0, set()
        self._known: dict[str, str] = {}
        events = slicer.vtkSegmentation
        self._tags = [node.AddObserver(event, self._on_event) for event in (
            events.SourceRepresentationModified, events.SegmentModified, events.SegmentAdded, events.SegmentRemoved)]
        self._start()

    def close(self) -> None:
        """Stop watching."""
        for tag in self._tags:
            self._node.RemoveObserver(tag)
        self._tags = []

    def settle(self) -> list[str]:
        """Look what changed since the last look and write status, findings and time; IDs of the changed segments."""
        chosen, self._chosen = self._chosen, set()
        changed = []
        with self._silent():
            for segment_id, now in self._sums().items():
                before = self._known.get(segment_id, now)
                self._known[segment_id] = now
                if now != before:
                    changed.append(segment_id)
                    self._edited(segment_id, before, now, None in chosen or not chosen or segment_id in chosen)
                else:
                    _follow_slicer(self._node.GetSegmentation().GetSegment(segment_id))
        for gone in self._known.keys() - set(self._node.GetSegmentation().GetSegmentIDs()):
            del self._known[gone]
        return changed

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Around changes of our own: they are no person's edits."""
        with self._silent():
            yield
        self._known, self._chosen = self._sums(), set()

    def _start(self) -> None:
        """Take back approvals of structures that were edited while nobody watched."""
        self._known = self._sums()
        with self._silent():
            for segment_id, now in self._known.items():
                approved = get_record(self._segment(segment_id)).get("approved_sum")
                if approved and approved != now and _is_approved(self._segment(segment_id)):
                    self._edited(segment_id, approved, now, True)

    def _segment(self, segment_id: str):
        return self._node.GetSegmentation().GetSegment(segment_id)

    def _sums(self) -> dict[str, str]:
        return {i: segment_checksum(self._node, i) for i in self._node.GetSegmentation().GetSegmentIDs()}

    def _on_event(self, _caller, _event) -> None:
        if self._quiet:
            return
        self._chosen.add(self._selected())
        self._on_dirty()

    @contextmanager
    def _silent(self) -> Iterator[None]:
        self._quiet += 1
        try:
            yield
        finally:
            self._quiet -= 1

    def _edited(self, segment_id: str, before: str, now: str, meant: bool) -> None:
        segment = self._segment(segment_id)
        record = get_record(segment)
        _mark_drawn(record, before, now)
        _take_or_give_approval(segment, record, before, now)
        _mark_stray(record, before, now, meant)
        set_record(segment, record)


def _take_or_give_approval(segment, record: dict[str, Any], before: str, now: str) -> None:
    if _is_approved(segment):
        record["approved_sum"] = before
        record["approved"] = {key: record.pop(key, None) for key in SAID}
        set_status(segment, "unreviewed")
    elif status(segment) in ("needs_work", "rejected"):
        return
    if record.get("approved_sum") == now and "approved" in record:
        record.update(record.pop("approved"))
        set_status(segment, "approved")


def _is_approved(segment) -> bool:
    """Approved, or approved until the Segment Editor marked it as in progress for the edit that is looked at."""
    began = get_tag(segment, SLICER_STATUS) == "inprogress" and get_tag(segment, STATUS) == "approved"
    return began or status(segment) == "approved"


def _mark_drawn(record: dict[str, Any], before: str, now: str) -> None:
    """An automatic contour that a person changed is semi-automatic, until the change is undone."""
    first = record.setdefault("drawn", {"sum": before, "origin": record.get("origin") or "MANUAL"})
    record["edited_at"] = time.strftime("%Y-%m-%dT%H:%M:%S")
    if now == first["sum"]:
        record["origin"] = first["origin"]
        record.pop("edited_at")
    elif first["origin"] == "AUTOMATIC":
        record["origin"] = "SEMIAUTOMATIC"


def _mark_stray(record: dict[str, Any], before: str, now: str, meant: bool) -> None:
    if (record.get("stray") or {}).get("sum") == now:
        _drop_stray(record)
    elif not meant and "stray" not in record:
        finding = STRAY.format(time=time.strftime("%H:%M"))
        record["stray"] = {"sum": before, "finding": finding}
        record["findings"] = [*record.get("findings", []), finding]


def _drop_stray(record: dict[str, Any]) -> None:
    stray = record.pop("stray", {})
    record["findings"] = [f for f in record.get("findings", []) if f != stray.get("finding")]


def _follow_slicer(segment) -> None:
    """Where a person used Slicer's status column, our word follows; "in progress" comes before an edit and waits."""
    word = status(segment)
    if (get_tag(segment, STATUS) or "unreviewed") == word or get_tag(segment, SLICER_STATUS) == "inprogress":
        return
    set_status(segment, word)
    if word == "approved":
        update_record(segment, reviewed_at=time.strftime("%Y-%m-%dT%H:%M:%S%z"))
