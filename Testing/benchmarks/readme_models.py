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
    """The card's first metric on validation patients where there are some, as the mean over its structures."""
    metrics = [
        m for m in card.get("metrics", []) if isinstance(m.get("value"), int | float) and "mean" not in m["structure"]
    ]
    chosen = [m for m in metrics if "validation" in str(m.get("data", ""))] or metrics
    if not chosen:
        return "-"
    first = chosen[0]
    alike = [m["value"] for m in chosen if (m.get("metric"), m.get("data")) == (first.get("metric"), first.get("data"))]
    what = f"{first['metric']} {sum(alike) / len(alike):.3g}" + (f", mean of {len(alike)}" if len(alike) > 1 else "")
    return f"{what} ({first.get('data', '')}, n {first.get('n', '?')})"


def main() -> None:
    lines = ["| model | title | gives | figures |", "|---|---|---|---|", *(row(f) for f in catalogue().values())]
    text = README.read_text(encoding="utf-8")
    block = "<!-- models -->\n" + "\n".join(" ".join(line.split()) for line in lines) + "\n<!-- /models -->"
    README.write_text(re.sub("<!-- models -->.*?<!-- /models -->", lambda _: block, text, flags=re.S), encoding="utf-8")


if __name__ == "__main__":
    main()
