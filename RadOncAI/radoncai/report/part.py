"""One job's part of a report: what the first screen says of it and its section."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

SYMBOLS = {"good": "✓", "review": "•", "look": "!", "bad": "✕"}
STATES = {"good": "nothing to doubt was found", "review": "to be reviewed", "look": "needs a look",
          "bad": "missed or not measured"}


@dataclass(frozen=True)
class Part:
    """`headline` and `detail` are plain text for the first screen, `body` is HTML, `state` a key of STATES."""

    name: str
    title: str
    status: str
    headline: str
    detail: str
    state: str
    model: str
    body: str

    def tile(self) -> str:
        return (f'<a class="tile {self.state}" href="#{self.name}"><span class="sign" role="img" '
                f'aria-label="{STATES[self.state]}">{SYMBOLS[self.state]}</span>'
                f'<span class="what">{escape(self.title)}</span><strong>{escape(self.headline)}</strong>'
                f'<span class="detail">{escape(self.detail)}</span></a>')

    def section(self) -> str:
        return (f'<section id="{self.name}"><div class="head"><h2>{escape(self.title)}</h2>'
                f'<span class="tag">{escape(self.status)}</span></div>'
                f'<p class="by">{escape(self.model)}</p>{self.body}</section>')


def model_line(models: Mapping[str, object] | Sequence[Mapping[str, object]]) -> str:
    """'Made by Head and neck OARs (hn_oar 1.0.0).', several models joined by commas; '' where none is named."""
    names = [_named(m) for m in ([models] if isinstance(models, Mapping) else models)]
    names = [n for n in names if n]
    return f"Made by {', '.join(names)}." if names else ""


def _named(model: Mapping[str, object]) -> str:
    exact = " ".join(str(model[k]) for k in ("name", "version") if model.get(k))
    title = str(model.get("title") or "")
    return f"{title} ({exact})" if title and exact and title != exact else title or exact
