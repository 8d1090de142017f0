"""What stands in the upper right corner of the slice views: "AI contours, not approved".

Own text actors, for Slicer's data probe rewrites the views' corner annotations with every move of the mouse.
"""

from __future__ import annotations

import slicer
import vtk

FONT_PX = 13
PLACE = (0.985, 0.93)

_lines: dict[str, str] = {}
_actors: dict[str, tuple] = {}


def say(key: str, text: str) -> None:
    """Show a line in all slice views; each `key` has one line."""
    if _lines.get(key) != text:
        _lines[key] = text
        show()


def hush(key: str) -> None:
    """Take a line away."""
    if _lines.pop(key, None) is not None:
        show()


def lines() -> tuple[str, ...]:
    return tuple(text for text in _lines.values() if text)


def show() -> None:
    """Write the lines into every slice view of the layout, new views included."""
    layout = slicer.app.layoutManager()
    for name in layout.sliceViewNames() if layout is not None else ():
        view = layout.sliceWidget(name).sliceView()
        _actor(name, view).SetInput("\n".join(lines()))
        view.scheduleRender()


def _actor(name: str, view):
    known, actor = _actors.get(name, (None, None))
    if known is not view:
        actor = vtk.vtkTextActor()
        style = actor.GetTextProperty()
        style.SetFontSize(FONT_PX)
        style.SetColor(0.94, 0.89, 0.26)
        style.SetBackgroundColor(0.0, 0.0, 0.0)
        style.SetBackgroundOpacity(0.6)
        style.SetJustificationToRight()
        style.SetVerticalJustificationToTop()
        actor.GetPositionCoordinate().SetCoordinateSystemToNormalizedViewport()
        actor.SetPosition(*PLACE)
        view.renderWindow().GetRenderers().GetFirstRenderer().AddViewProp(actor)
        _actors[name] = view, actor
    return actor
