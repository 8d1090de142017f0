"""Wall time, processor time and peak memory of the commands, and of RTSTRUCT beside plastimatch.

    python Testing/benchmarks/speed.py [--demo] [--json]

Every time is that of a new process with the file cache warm. Short commands: median of three. `--demo` adds `radoncai
demo` and the steps of its jobs. RTSTRUCT: twelve structures (`Testing/data/shapes.py`) on 40 slices of 512 x 512.
Wall time means little on a busy machine; processor time, summed over all threads, is less moved by it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from record import Row, emit, limited, machine

TABLE = "speed"
FIGURES = (("time", "s"), ("processor time", "s"), ("peak memory", "GB"))
LIMITS = {("import radoncai", "time"): 0.3, ("radoncai --help", "time"): 0.5,
          ("radoncai demo", "time"): 180.0, ("radoncai demo", "peak memory"): 6.0}
SHAPE, SPACING_MM = (40, 512, 512), (2.5, 0.977, 0.977)
SHAPES = Path(__file__).parents[1] / "data" / "shapes.py"


def radoncai(*arguments: object) -> list[str]:
    """The command as the environment of this Python has it installed."""
    script = Path(sys.executable).parent / "radoncai"
    start = [str(script)] if script.exists() else [sys.executable, "-m", "radoncai.cli.main"]
    return [*start, *(str(a) for a in arguments)]


def measure(command: list[str]) -> tuple[float, float, float]:
    """Wall seconds, processor seconds and peak memory in GB of one process.

    A child's peak counts the memory of the process that started it, so this file imports nothing heavy.
    """
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = process.stderr.read().decode(errors="replace")
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}: {said.strip()[-300:]}")
    return seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024**2


def rows_of(name: str, command: list[str], times: int = 1, warm: bool = False) -> list[Row]:
    """Median over `times` runs, after one that fills the file cache."""
    runs = [measure(command) for _ in range(times + warm)][warm:]
    figures = (median(values) for values in zip(*runs, strict=True))
    return [Row(TABLE, name, m, v, u, times) for (m, u), v in zip(FIGURES, figures, strict=True)]


def short_commands() -> list[Row]:
    """What is felt at every start; an empty Python stands beside."""
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "import radoncai": [sys.executable, "-c", "import radoncai"],
        "radoncai --help": radoncai("--help"),
        "radoncai models list": radoncai("models", "list"),
    }
    return [row for name, command in commands.items() for row in rows_of(name, command, 3, warm=True)]


def demo(folder: Path) -> list[Row]:
    """The demo as a whole, then the wall seconds of its jobs' steps from their provenance."""
    rows, seen = rows_of("radoncai demo", radoncai("demo", "-o", folder / "demo")), set()
    for job in ("contour", "dose", "bodycomp"):
        record = json.loads((folder / "demo" / job / "provenance.json").read_text(encoding="utf-8"))
        steps = [(name.rpartition(": ")[2], value) for name, value in record["seconds"].items()]
        rows += [Row(TABLE, f"demo, {job}", name, value, "s", 1) for name, value in steps if (name, value) not in seen]
        seen |= set(steps)
    return rows


def rtstruct(folder: Path) -> list[Row]:
    """Our reader and writer in memory, then whole processes beside plastimatch's on the same files."""
    inner = subprocess.run([sys.executable, __file__, "--inner", str(folder)], capture_output=True, text=True)
    if inner.returncode:
        raise SystemExit(inner.stderr.strip()[-500:])
    rows = [Row(TABLE, "RTSTRUCT, 12 structures", *figure) for figure in json.loads(inner.stdout)]
    ct, ours = folder / "ct", folder / "rs.dcm"
    read, write = "RTSTRUCT to masks", "masks to RTSTRUCT"
    rows += rows_of(f"{read}, radoncai", radoncai("convert", ours, "--ct", ct, "-o", folder / "masks"))
    rows += rows_of(f"{write}, radoncai", radoncai("convert", folder / "masks", "--ct", ct, "-o", folder / "b.dcm"))
    plastimatch = shutil.which("plastimatch")
    if plastimatch is None:
        print("plastimatch is not installed; its rows are left out.", file=sys.stderr)
        return rows
    theirs = ["--input", ours, "--referenced-ct", ct, "--output-prefix", folder / "theirs", "--prefix-format", "nrrd"]
    rows += rows_of(f"{read}, plastimatch", [plastimatch, "convert", *map(str, theirs)])
    back = ["--input-prefix", folder / "theirs", "--referenced-ct", ct, "--output-dicom", folder / "their_dicom"]
    rows += rows_of(f"{write}, plastimatch", [plastimatch, "convert", *map(str, back)])
    return rows


def timed(action: Callable[[], object], times: int = 3) -> tuple[float, float]:
    """Median wall and processor seconds."""
    runs = []
    for _ in range(times):
        wall, used = time.perf_counter(), time.process_time()
        action()
        runs.append((time.perf_counter() - wall, time.process_time() - used))
    return tuple(median(values) for values in zip(*runs, strict=True))


def inner(folder: Path) -> int:
    """In a process of its own: write the CT, then time our writer and reader; figures as JSON on stdout."""
    import importlib.util

    from radoncai.core.grid import Grid
    from radoncai.core.structures import Structure, StructureSet
    from radoncai.core.volume import Volume
    from radoncai.dicom.rtstruct.reader import read_rtstruct
    from radoncai.dicom.rtstruct.writer import write_rtstruct
    from radoncai.dicom.series.ct_writer import write_ct_series

    spec = importlib.util.spec_from_file_location("shapes", SHAPES)
    shapes = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(shapes)
    masks = shapes.twelve_shapes(SHAPE, SPACING_MM)
    grid = Grid.axial(SHAPE, SPACING_MM, (-250.0, -250.0, -50.0))
    hu = sum(masks.values()).astype("int16") * 40 - 1000
    volume = write_ct_series(Volume(hu, grid, "CT", "HU"), folder / "ct", patient_id="SHAPES")
    structures = StructureSet(grid, tuple(Structure.from_full(n, m) for n, m in masks.items()), volume.source)
    writing = timed(lambda: write_rtstruct(structures, volume, folder / "rs.dcm"))
    reading = timed(lambda: read_rtstruct(folder / "rs.dcm", volume))
    found = read_rtstruct(folder / "rs.dcm", volume)
    differ = sum(int((found.find(n).full(SHAPE) != m).sum()) for n, m in masks.items())
    figures = [
        ("writing, memory to file, time", writing[0], "s", 3),
        ("writing, memory to file, processor time", writing[1], "s", 3),
        ("reading, file to memory, time", reading[0], "s", 3),
        ("reading, file to memory, processor time", reading[1], "s", 3),
        ("file", (folder / "rs.dcm").stat().st_size / 1e6, "MB", 1),
        ("contours", sum(len(s.contours) for s in found), "1", 1),
        ("voxels that differ after writing and reading", differ, "1", 12),
    ]
    print(json.dumps(figures))
    return 0


def text_of(rows: list[Row]) -> str:
    lines = [
        "## Speed",
        "",
        "New process, file cache warm; n runs, their median. Processor time is the sum over all threads, peak memory "
        "that of the process. A limit is what the design asks for on two cores with nothing else running. RTSTRUCT: "
        "twelve structures with rings, islands, single voxels and borders on 40 slices of 512 x 512; plastimatch reads "
        "and writes the same files in the same run, CT included. Steps of the demo come from the jobs' provenance.",
        "",
        *limited(rows, LIMITS, shown),
    ]
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    lines += ["", f"{machine('numpy', 'scipy', 'pydicom', 'SimpleITK', 'onnxruntime')} (of this script); load at the "
              f"end {busy:.1f}."]
    return "\n".join(lines)


def shown(row: Row) -> str:
    return f"{row.value:.0f}" if row.unit == "1" else f"{row.value:.2f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--demo", action="store_true", help="also the whole demo, some minutes")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--inner", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.inner:
        return inner(args.inner)
    with tempfile.TemporaryDirectory() as folder:
        rows = short_commands() + rtstruct(Path(folder))
        rows += demo(Path(folder)) if args.demo else []
    emit(rows, as_json=args.json, script="Testing/benchmarks/speed.py --demo", name=TABLE, text=text_of(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
