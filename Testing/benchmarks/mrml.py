"""How fast results enter the scene, how alive a panel stays, and how fast it opens.

    python Testing/benchmarks/mrml.py [--json]

Four parts, each in processes of its own, on slicer-core with the host of `Testing/host`, offscreen, without views:
- 40 structures (an External, three nested targets, 36 organs as balls) at 512 x 512 x 200, arrays read from disk, as
  one segmentation node; the peer is one label map through Slicer's ImportLabelmapToSegmentationNode, which cannot keep
  overlaps. Both in the same process, in turn.
- The gaps between ticks of a 10 ms timer from Apply to the shown result: Auto Contour with the model `body` in the
  worker on a trunk of 512 x 512 x 200.
- Apply to the shown numbers of Body Composition, twice.
- Each panel from `import` done (slicer, qt, host started) to its first picture; processor time beside it, for wall
  time means little on a busy machine.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "Testing" / "benchmarks"), str(ROOT / "Testing"), str(ROOT / "RadOncAI"),
                str(ROOT / "Testing" / "data")]

TABLE, SHAPE = "mrml", (200, 512, 512)
PANELS = ("AutoContour", "DosePredict", "BodyComposition")
LIMITS = {"40 structures: time": 0.3, "ticks while a job runs: 99th percentile": 100.0,
          **{f"{name}: panel up": 1.0 for name in PANELS}}
ROUNDS, PEER_ROUNDS, PANEL_ROUNDS, WAIT_S = 7, 3, 3, 300.0


def drawn() -> list[tuple[str, list[list[int]], np.ndarray]]:
    """Name, box and cropped mask of 40 structures."""
    out = [("External", *_ellipsoid((100, 256, 256), (400, 150, 210)))]
    out += [(f"PTV_{level}", *_ellipsoid((100, 250, 260), radii)) for level, radii in (
        (5600, (60, 70, 80)), (6300, (40, 50, 55)), (7000, (20, 28, 30)))]
    rng = np.random.default_rng(3)
    for n in range(36):
        r = int(rng.integers(20, 46))
        centre = (20 + r // 2 + (n % 4) * 45, 70 + (n // 4 % 4) * 115, 60 + (n // 16) * 150)
        out.append((f"Organ_{n:02d}", *_ellipsoid(centre, (r, r, r))))
    return out


def _ellipsoid(centre, radii) -> tuple[list[list[int]], np.ndarray]:
    low = [max(0, c - r) for c, r in zip(centre, radii, strict=True)]
    high = [min(n, c + r + 1) for n, c, r in zip(SHAPE, centre, radii, strict=True)]
    axes = np.ogrid[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    inside = sum(((a - c) / r) ** 2 for a, c, r in zip(axes, centre, radii, strict=True)) < 1
    return [[a, b] for a, b in zip(low, high, strict=True)], inside


def scene_part(folder: Path) -> list[tuple]:
    """Rows (row, metric, value, unit, n) of our way and Slicer's."""
    import host

    slicer = host.start_scene()
    from RadOncAILib.scene.segmentation import show_structures, show_structures_in_portions

    ct = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
    slicer.util.updateVolumeFromArray(ct, np.zeros(SHAPE, np.int16))
    items, entries = drawn(), []
    for name, box, mask in items:
        np.save(folder / f"{name}.npy", mask.astype(np.uint8))
        entries.append({"name": name, "box": box, "array": f"{name}.npy", "color": [200, 30, 30]})
    result, ours, longest, peer, kept, peer_kept = {"structures": entries, "folder": str(folder)}, [], [], [], 0, 0
    for n in range(ROUNDS):
        start = time.perf_counter()
        node = show_structures(result, ct, "ours")
        ours.append(time.perf_counter() - start)
        kept = _voxels_right(node, items)
        slicer.mrmlScene.RemoveNode(node)
        longest.append(_longest_portion(slicer, show_structures_in_portions(result, ct, "ours")))
        if n < PEER_ROUNDS:
            seconds, peer_kept = _peer(slicer, items)
            peer.append(seconds)
    way = "40 structures"
    return [(way, "time", median(ours), "s", ROUNDS), (way, "longest portion", median(longest), "s", ROUNDS),
            (way, "structures kept whole", kept, "of 40", 1),
            ("40 structures, ImportLabelmapToSegmentationNode", "time", median(peer), "s", PEER_ROUNDS),
            ("40 structures, ImportLabelmapToSegmentationNode", "structures kept whole", peer_kept, "of 40", 1)]


def _longest_portion(slicer, portions) -> float:
    longest = 0.0
    while True:
        start = time.perf_counter()
        try:
            next(portions)
        except StopIteration as end:
            slicer.mrmlScene.RemoveNode(end.value)
            return max(longest, time.perf_counter() - start)
        longest = max(longest, time.perf_counter() - start)


def _peer(slicer, items) -> tuple[float, int]:
    start = time.perf_counter()
    array = np.zeros(SHAPE, np.uint8)
    for n, (_, box, mask) in enumerate(items):
        array[tuple(slice(a, b) for a, b in box)][mask] = n + 1
    label = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "labels")
    slicer.util.updateVolumeFromArray(label, array)
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "peer")
    slicer.modules.segmentations.logic().ImportLabelmapToSegmentationNode(label, node)
    seconds = time.perf_counter() - start
    slicer.mrmlScene.RemoveNode(label)
    kept = _voxels_right(node, items)
    slicer.mrmlScene.RemoveNode(node)
    return seconds, kept


def _voxels_right(node, items) -> int:
    """How many structures have all their voxels."""
    from vtkmodules.util.numpy_support import vtk_to_numpy

    content, right = node.GetSegmentation(), 0
    for segment_id, (_, _, mask) in zip(content.GetSegmentIDs(), items, strict=False):
        labels = vtk_to_numpy(node.GetBinaryLabelmapInternalRepresentation(segment_id).GetPointData().GetScalars())
        right += int((labels == content.GetSegment(segment_id).GetLabelValue()).sum()) == int(mask.sum())
    return right


def ticks_part(_folder: Path) -> list[tuple]:
    """Gaps between timer ticks from Apply to the shown result."""
    import host
    from worker_requests import trunk

    slicer = host.start()
    import qt

    ct = slicer.util.addVolumeFromArray(trunk(SHAPE), np.diag([-1.0, -1.0, 2.0, 1.0]), "Trunk")
    panel = host.enter_module(host.load_module("AutoContour")).panel
    host.wait_until(lambda: panel.model.models, WAIT_S, "the models")
    panel.model.select("body")
    panel.node.volume = ct
    host.wait_until(lambda: panel.run.button.enabled, WAIT_S, "Apply can be pressed")
    ticks, timer = [], qt.QTimer()
    timer.interval = 10
    timer.connect("timeout()", lambda: ticks.append(time.perf_counter()))
    timer.start()
    host.pump(0.3)
    start = time.perf_counter()
    panel.run.button.click()
    host.wait_until(lambda: not panel.run.running, WAIT_S, "the job")
    seconds = time.perf_counter() - start
    timer.stop()
    if panel.node.contours is None or host.errors:
        raise SystemExit(f"The job gave no result: {panel.run.message.text} {host.errors}")
    gaps = np.array([1000 * (b - a) for a, b in zip(ticks, ticks[1:], strict=False) if b >= start])
    host.leave_application()
    return [("ticks while a job runs", "99th percentile", float(np.percentile(gaps, 99)), "ms", len(gaps)),
            ("ticks while a job runs", "median", float(np.median(gaps)), "ms", len(gaps)),
            ("ticks while a job runs", "longest", float(gaps.max()), "ms", len(gaps)),
            ("ticks while a job runs", "the job", seconds, "s", 1)]


def runs_part(_folder: Path) -> list[tuple]:
    """Measure L3 twice on the abdomen of the sample patient; the worker lives, but has run nothing before."""
    import host

    from radoncai.phantom.patient import sample_patient

    slicer = host.start()
    ct = sample_patient(spacing_mm=(5.0, 2.5, 2.5), z_range_mm=(-720.0, -340.0)).ct
    volume = slicer.util.addVolumeFromArray(ct.array, np.diag([-1.0, -1.0, 1.0, 1.0]) @ ct.grid.index_to_lps, "Abdomen")
    panel = host.enter_module(host.load_module("BodyComposition")).panel
    host.wait_until(lambda: panel.model.models, WAIT_S, "the models")
    panel.model.select("l3_tissue")
    panel.node.volume = volume
    seconds = []
    for _ in range(2):
        host.wait_until(lambda: panel.run.button.enabled, WAIT_S, "Apply can be pressed")
        start = time.perf_counter()
        panel.run.button.click()
        host.wait_until(lambda: not panel.run.running, WAIT_S, "the job")
        seconds.append(time.perf_counter() - start)
    if panel.node.regions is None or host.errors:
        raise SystemExit(f"The job gave no result: {panel.run.message.text} {host.errors}")
    host.leave_application()
    return [("BodyComposition, Apply to the shown numbers", name, value, "s", 1)
            for name, value in zip(("first run", "second run, model loaded"), seconds, strict=True)]


def panel_part(name: str) -> list[tuple]:
    """Seconds until one panel has drawn its first picture; in a new process."""
    import host

    host.start()
    start, worked = time.perf_counter(), time.process_time()
    widget = host.enter_module(host.load_module(name))
    host.pump()
    host.grab(widget.parent)
    seconds, worked = time.perf_counter() - start, time.process_time() - worked
    host.leave_application()
    return [(name, "panel up", seconds, "s", 1), (name, "processor time of it", worked, "s", 1)]


def child(*arguments: str) -> list[tuple]:
    """One part in a process of its own."""
    done = subprocess.run([sys.executable, __file__, "--part", *arguments], capture_output=True, text=True,
                          env={**os.environ, "QT_QPA_PLATFORM": "offscreen"})
    line = next((line for line in reversed(done.stdout.splitlines()) if line.startswith("[[")), None)
    if done.returncode or line is None:
        raise SystemExit(f"The part {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return [tuple(row) for row in json.loads(line)]


def page(rows, machine_line: str) -> str:
    lines = ["## Slicer panels on slicer-core", "",
             "40 structures at 512 x 512 x 200 into the scene; timer ticks of 10 ms from Apply to the shown result; "
             f"panels from their import to the first picture. Without slice views. {_load()}", "",
             "| what | figure | value | limit |", "|---|---|---|---|"]
    for row in rows:
        limit = LIMITS.get(f"{row.row}: {row.metric}")
        value = f"{row.value:g}" if row.unit == "of 40" else f"{row.value:.3g}"
        lines.append(f"| {row.row} | {row.metric} | {value} {row.unit} | {f'{limit:g} {row.unit}' if limit else ''} |")
    return "\n".join([*lines, "", machine_line])


def _load() -> str:
    """How busy the machine was."""
    try:
        return f"Load of the last minute at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores."
    except (AttributeError, OSError):
        return ""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--json", action="store_true", help="print the rows, change no file")
    options.add_argument("--part", nargs="+", help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.part:
        parts = {"scene": scene_part, "ticks": ticks_part, "runs": runs_part}
        with tempfile.TemporaryDirectory() as folder:
            rows = parts[asked.part[0]](Path(folder)) if asked.part[0] in parts else panel_part(asked.part[1])
        print(json.dumps(rows), flush=True)
        os._exit(0)
    from record import Row, emit, machine

    rows = [*child("scene"), *child("ticks"), *child("runs")]
    for name in PANELS:
        runs = [child("panel", name) for _ in range(PANEL_ROUNDS)]
        rows += [(name, both[0][1], median(row[2] for row in both), "s", PANEL_ROUNDS)
                 for both in zip(*runs, strict=True)]
    rows = [Row(TABLE, *row) for row in rows]
    text = page(rows, machine("slicer-core", "vtk", "PySide6-Essentials", "numpy").split("; peak")[0])
    emit(rows, as_json=asked.json, script="Testing/benchmarks/mrml.py", name=TABLE, text=text)


if __name__ == "__main__":
    main()
