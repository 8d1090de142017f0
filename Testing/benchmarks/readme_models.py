"""Write the table of models in README.md from their cards: python Testing/benchmarks/readme_models.py"""

from __future__ import annotations

import re
from pathlib import Path

from radoncai.models.catalogue import catalogue

README = Path(__file__).parents[2] / "README.md"


def row(folder) -> str:
    gives = ", ".join(folder.model.names) or folder.model.task
    return f"| `{folder.name}` | {folder.title} | {gives} | {headline(folder.card)} |"


def headline(card: dict) -> str:
    """The figures a card puts first."""
    shown = [m for m in card.get("metrics", []) if m.get("headline")] or card.get("metrics", [])[:1]
    return (
        "; ".join(
            f"{m.get('structure') or ''} {m.get('metric') or ''} {m['value']:g} {m.get('unit') or ''} "
            f"({m.get('data', '')}, n {m.get('n', '?')})".strip()
            for m in shown
        )
        or "-"
    )


def main() -> None:
    lines = ["| model | title | gives | figures |", "|---|---|---|---|", *(row(f) for f in catalogue().values())]
    text = README.read_text(encoding="utf-8")
    block = "<!-- models -->\n" + "\n".join(" ".join(line.split()) for line in lines) + "\n<!-- /models -->"
    README.write_text(re.sub("<!-- models -->.*?<!-- /models -->", lambda _: block, text, flags=re.S), encoding="utf-8")


if __name__ == "__main__":
    main()
