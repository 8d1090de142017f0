"""Stand-ins for the qMRML and qSlicer widgets that panels use, on the real MRML scene."""

from __future__ import annotations

from ..registry import registry


def add_to_slicer(slicer) -> None:
    """Make `slicer.qMRMLNodeComboBox` and its like known."""
    from ..views import layout_manager  # noqa: F401
    from . import module_widget, node_combo_box, numbers, segment_editor, segments_table, table_view  # noqa: F401

    for name, cls in registry.items():
        if name.startswith("q"):
            setattr(slicer, name, cls)
