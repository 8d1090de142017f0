"""Small SVG builder: elements as text, escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np


def element(tag: str, inner: str = "", **attributes: object) -> str:
    """`stroke_width=2` becomes stroke-width="2"; `cls` becomes class; attributes that are None are left out."""
    names = {"cls": "class"}
    text = "".join(f' {names.get(n, n.replace("_", "-"))}="{escape(_plain(v))}"'
                   for n, v in attributes.items() if v is not None)
    return f"<{tag}{text}>{inner}</{tag}>" if inner else f"<{tag}{text}/>"


def _plain(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def text(x: float, y: float, words: str, **attributes: object) -> str:
    return element("text", escape(words), x=float(x), y=float(y), **attributes)


def line(x1: float, y1: float, x2: float, y2: float, **attributes: object) -> str:
    return element("line", x1=float(x1), y1=float(y1), x2=float(x2), y2=float(y2), **attributes)


def polyline(points: Sequence[tuple[float, float]] | np.ndarray, **attributes: object) -> str:
    """Points (n, 2) in user units, rounded to a tenth."""
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return element("polyline", points=joined, fill="none", **attributes)


def picture(inner: str, width: float, height: float, title: str, cls: str = "") -> str:
    """The whole drawing, scaled to the room it gets; `title` is its alternative text."""
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" '
            f'class="{escape(cls)}" aria-label="{escape(title)}">{inner}</svg>')
