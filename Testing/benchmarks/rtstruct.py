"""RTSTRUCT: volume, voxels, time and memory of our writer and reader beside rt-utils and plastimatch.

    python Testing/benchmarks/rtstruct.py [--data ../shared/data/two_reader_hn] [--json] [--no-peers]

Twenty structures (`Testing/data/rois.py`) on 150 slices of 512 x 512, then the same on 1000 slices and on a 1024
matrix, then the masks of two human readers. Peers lie in an environment of their own, `.venv-peers`, made at the first
run; a peer that cannot be installed is left out and named. Each figure is that of a process of its own.
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
from pathlib import Path

from record import Row, emit, machine

TABLE = "rtstruct"
ROOT = Path(__file__).parents[2]
PEERS = ROOT / ".venv-peers"
INSTALL = ROOT / "Testing" / "system" / "install_peers.sh"
STEPS = Path(__file__).with_name("rtstruct_steps.py")
PEER_STEPS = Path(__file__).with_name("rtstruct_peers.py")
READERS = ROOT.parent / "shared" / "data" / "two_reader_hn"
SCANS = ("0522c0014", "TCGA-CV-5978")  # of the two readers, written as CT series

INTRODUCTION = (
    "Twenty structures (rings, islands, noise like bowel, a lens of 87 voxels, single voxels, borders), 150 slices of "
    "512 x 512, 0.977 x 0.977 x 2.5 mm. `volume ratio` is polygon volume over voxel volume, lowest and highest of the "
    "structures; `Dice` the lowest of the structures; a plain even-odd reader at voxel centres is part of the script. "
    "Limits on two idle cores: written and read in 2 s each, 150 MB above the masks, ratio 1.000 ± 0.002 (smooth ± "
    "0.005), Dice 1.0000. The peers read and write the same CT and masks in the same run; plastimatch's times hold the "
    "start of the program and the CT, dcmrtstruct2nii's the CT. Wall time means little on a busy machine.")


def step(*arguments: object, python: Path | str = sys.executable) -> dict[str, float]:
    """Figures that one process printed as its last line."""
    script = PEER_STEPS if python != sys.executable else STEPS
    done = subprocess.run([str(python), str(script), *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, arguments))}: {done.stderr.strip()[-800:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def rows_of(name: str, figures: dict[str, float], n: int = 20) -> list[Row]:
    units = {"time": "s", "processor time": "s", "memory above the masks": "MB", "file": "MB", "peak memory": "MB"}
    return [Row(TABLE, name, metric, value, units.get(metric, "1"), n) for metric, value in figures.items()]


def ours(folder: Path) -> list[Row]:
    """Writing, reading and judging on the plain set, in both ways of drawing and with XOR."""
    rows = []
    for way in ("exact", "smooth", "xor"):
        rows += rows_of(f"written, {way}", step("write", folder, way))
        rows += rows_of(f"read, {way}", step("read", folder, way))
        rows += rows_of(f"plain even-odd reader, {way}", step("judge", folder, way))
    return rows


def large(folder: Path) -> list[Row]:
    rows = []
    for size in ("1000 slices", "1024 matrix"):
        step("enlarge", folder, size)
        rows += rows_of(f"{size}, written", step("write", folder, "exact", size))
        rows += rows_of(f"{size}, read", step("read", folder, "exact", size))
    return rows


def timed(command: list[object]) -> dict[str, float]:
    start = time.perf_counter()
    process = subprocess.Popen([str(c) for c in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = process.stderr.read().decode(errors="replace")
    _, status, used = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{command[0]}: {said[-500:]}")
    return {"time": time.perf_counter() - start, "processor time": used.ru_utime + used.ru_stime,
            "peak memory": used.ru_maxrss / 1024}


def plastimatch(folder: Path) -> list[Row]:
    """plastimatch as a reader of our files, as a writer, and as a reader of its own."""
    program = shutil.which("plastimatch")
    if program is None:
        return skipped("plastimatch", "it is not installed")
    convert = [program, "convert", "--referenced-ct", folder / "ct"]
    rows = []
    for way in ("exact", "smooth"):
        for flag in ([], ["--xor-contours"]):
            place = folder / f"plastimatch_{way}{len(flag)}"
            used = timed([*convert, "--input", folder / f"{way}.dcm", "--output-prefix", place, "--prefix-format",
                          "nrrd", *flag])
            name = f"plastimatch reads ours, {way}{', --xor-contours' if flag else ''}"
            rows += rows_of(name, {**used, **step("compare", folder, place)})
    used = timed([*convert, "--input-prefix", folder / "plastimatch_exact0", "--output-dicom", folder / "theirs"])
    found = next(iter(sorted((folder / "theirs").glob("*rtss*"))), None)
    if found is None:
        return [*rows, *skipped("plastimatch writes", "no RTSTRUCT came out")]
    shutil.copy(found, folder / "plastimatch.dcm")
    return [*rows, *rows_of("plastimatch writes", used),
            *rows_of("plastimatch's file, plain even-odd reader", step("judge", folder, "plastimatch"))]


def peers(folder: Path) -> list[Row]:
    """rt-utils as writer and reader, dcmrtstruct2nii as a reader of our files; platipy stops at contours that reach the
    last row or column, so it reads in Testing/system only."""
    why = peers_missing()
    if why:
        return skipped("rt-utils, dcmrtstruct2nii", why)
    python = PEERS / "bin" / "python"
    rows = rows_of("rt-utils writes", step("write", folder, python=python))
    rows += rows_of("rt-utils' file, plain even-odd reader", step("judge", folder, "rt-utils"))
    rows += rows_of("rt-utils reads its own", step("read", folder, "rt-utils", python=python))
    for way in ("exact", "smooth"):
        rows += rows_of(f"rt-utils reads ours, {way}", step("read", folder, way, python=python))
        used = step("nii", folder, way, python=python)
        compared = step("compare", folder, folder / f"nii_{way}")
        rows += rows_of(f"dcmrtstruct2nii reads ours, {way}", {**used, **compared})
    return rows


def peers_missing() -> str:
    """Make the environment of the peers; the reason where that fails."""
    made = subprocess.run(["sh", INSTALL], capture_output=True, text=True, env={**os.environ, "PYTHON": sys.executable})
    return made.stdout.strip()[-200:]


def skipped(name: str, why: str) -> list[Row]:
    print(f"{name} left out: {why}", file=sys.stderr)
    return [Row(TABLE, f"{name}: left out, {why}", "-", None, "", 0)]


def readers(data: Path) -> list[Row]:
    """Masks of two human readers on their own grids."""
    files = sorted(data.glob("*.npz"))
    if not files:
        return skipped("masks of two readers", f"{data.name} is not there")
    return [row for way in ("exact", "smooth")
            for row in rows_of(f"two readers' masks, {way}", step("readers", data, way), len(files))]


def readers_series(data: Path, folder: Path) -> list[Row]:
    """The same masks on written CT series: through our reader, the plain one and plastimatch."""
    program, rows = shutil.which("plastimatch"), []
    for scan in SCANS if data.is_dir() else ():
        place = folder / scan
        slices = step("readers_series", data, place, scan)["slices"]
        for way in ("exact", "smooth"):
            name = f"two readers, {scan} as a CT series of {slices} slices, {way}"
            rows += rows_of(name, step("readers_judged", data, place, scan, way), 2)
            for flag in ([], ["--xor-contours"]) if program else ():
                masks = f"{way}{len(flag)}"
                convert = [program, "convert", "--referenced-ct", place / "ct", "--prefix-format", "nrrd", *flag]
                for reader in ("oncologist", "radiographer"):
                    timed([*convert, "--input", place / f"{reader} {way}.dcm", "--output-prefix",
                           place / f"{reader} {masks}"])
                rows += rows_of(f"{name}{', --xor-contours' if flag else ''}",
                                step("readers_compared", data, place, scan, masks), 2)
        shutil.rmtree(place)
    return rows


def text_of(rows: list[Row]) -> str:
    lines = [
        "## RTSTRUCT", "",
        INTRODUCTION, "",
        "| what | metric | value | unit | n |", "|---|---|---:|---|---:|"]
    lines += [f"| {r.row} | {r.metric} | {shown(r)} | {r.unit} | {r.n} |" for r in rows]
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return "\n".join([*lines, "", f"{machine('numpy', 'pydicom', 'SimpleITK')} (of this script); load at the end "
                                  f"{busy:.1f}."])


def shown(row: Row) -> str:
    if row.value is None:
        return ""
    whole = "ratio" not in row.metric and "Dice" not in row.metric and row.unit == "1"
    return f"{row.value:.0f}" if whole else f"{row.value:.4f}" if row.unit == "1" else f"{row.value:.2f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=READERS, help="folder of the two readers' masks")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        step("make", folder)
        rows = ours(folder) + ([] if args.no_peers else plastimatch(folder) + peers(folder))
        rows += large(folder) + readers(args.data) + readers_series(args.data, folder)
    emit(rows, as_json=args.json, script="Testing/benchmarks/rtstruct.py", name=TABLE, text=text_of(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
