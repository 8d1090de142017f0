"""`python -m host.members`: what the table lacks; `--write` adds rows for members of MRML, VTK, Qt and slicer.util.

Members of Slicer's and CTK's widgets are added by hand, after reading their header."""

from __future__ import annotations

import argparse
from dataclasses import replace

import host

from .real import candidates, row
from .scan import all_uses, ancestry, without_row
from .table import Row, read_table, write_table
from .uses import Use


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--write", action="store_true")
    options = options.parse_args()
    host.start()
    rows = read_table()
    left = without_row(all_uses(rows), rows)
    while options.write and (found := [r for use in left if (r := _row(use, rows)) is not None]):
        rows += found
        write_table(rows)
        left = without_row(all_uses(rows), rows)
    for use in left:
        print(f"{use.place}: {use.cls or '?'}.{use.member}")
    return 1 if left else 0


def _row(use: Use, rows: list[Row]) -> Row | None:
    """From the class that the text shows; else from one in the table, else from any real class, said in the remark."""
    if use.cls:
        return next((found for cls in ancestry(use.cls) if (found := row(cls, use.member)) is not None), None)
    prefix = "vtk" if use.member[:1].isupper() else "Q"
    known = sorted({r.cls for r in rows if r.cls.startswith(prefix)})
    for cls in (*known, *candidates(use.member)):
        found = row(cls, use.member)
        if found is not None:
            return replace(found, remark="by name")
    return None


if __name__ == "__main__":
    raise SystemExit(main())
