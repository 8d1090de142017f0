"""members.csv: one row a member that our modules or the stand-ins use."""

from __future__ import annotations

import csv
from dataclasses import astuple, dataclass, fields
from pathlib import Path

PATH = Path(__file__).parents[1] / "members.csv"


@dataclass(frozen=True, order=True)
class Row:
    """`cls` defines `member` (empty: the class itself); `returns` names the class that a call of it gives."""

    cls: str
    member: str
    kind: str
    source: str
    returns: str = ""
    remark: str = ""


def read_table(path: Path = PATH) -> list[Row]:
    with path.open(newline="", encoding="utf-8") as file:
        return [Row(**row) for row in csv.DictReader(file)]


def write_table(rows: list[Row], path: Path = PATH) -> None:
    unique = {(row.cls, row.member): row for row in sorted(rows, reverse=True)}  # without "by name" where both are
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(field.name for field in fields(Row))
        writer.writerows(astuple(row) for row in sorted(unique.values()))
