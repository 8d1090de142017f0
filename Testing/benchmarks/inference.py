"""Contours from a network: time cold and warm, peak memory, and nnU-Net's own predictor beside our runner.

    python Testing/benchmarks/inference.py [--quick] [--json]

Images of 512 x 512 are the drawn patient's. Cold is a new process with the file cache warm, up to the contours in
memory; warm are later runs in it, the model loaded. `--quick` leaves the 1000 slices out. The nnU-Net rows need its
private environment (`radoncai install nnunet`; RADONCAI_ENVIRONMENTS).
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
from statistics import median

from record import Row, emit, limited, machine
from speed import measure, radoncai

TABLE = "inference"
STEPS = Path(__file__).parent / "inference_steps.py"
MODELS = Path(__file__).parents[1] / "data" / "models"
WARM_RUNS = 3
SMALL, LARGE = "hn_oar, 512 x 512 x 150", "hn_oar, 512 x 512 x 1000"
LIMITS = {(SMALL, "warm, time"): 20.0, (SMALL, "peak memory"): 4.0, (LARGE, "peak memory"): 6.0,
          (SMALL, "cold minus warm"): 10.0, ("hn_oar, 512 x 512 x 150, GPU", "warm, time"): 2.0}


def steps(*arguments: object) -> tuple[dict, float]:
    """JSON of a step in a process of its own, and its peak memory in GB (with that of processes it waited for)."""
    command = [sys.executable, str(STEPS), *(str(a) for a in arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, said = process.stdout.read(), process.stderr.read().decode(errors="replace")
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}: {said.strip()[-500:]}")
    return (json.loads(out) if out else {}), used.ru_maxrss / 1024**2


def contours(name: str, image: Path, model: str, runs: int, device: str = "cpu") -> list[Row]:
    """Cold and warm rows of one model on one image."""
    seen, peak = steps("run", image, model, device, runs, time.time())
    rows = [("cold, time", seen["first"], "s", 1)]
    if runs > 1:
        warm = median(seen["wall"][1:])
        rows += [("warm, time", warm, "s", runs - 1), ("warm, processor time", median(seen["cpu"][1:]), "s", runs - 1),
                 ("cold minus warm", seen["first"] - warm, "s", 1)]
    rows += [("peak memory", peak, "GB", 1), ("structures found", seen["found"], "1", 1)]
    rows += [(f"of which {step}", seconds, "s", 1) for step, seconds in seen["steps"].items()]
    return [Row(TABLE, name, *row) for row in rows]


def command(image: Path, folder: Path) -> list[Row]:
    """The whole command from a DICOM folder to its files."""
    wall, cpu, peak = measure(radoncai("contour", image, "--model", "hn_oar", "--device", "cpu", "-o", folder / "out"))
    name = "radoncai contour, 150 DICOM slices to RTSTRUCT"
    return [Row(TABLE, name, m, v, u, 1) for m, v, u in
            (("cold, time", wall, "s"), ("processor time", cpu, "s"), ("peak memory", peak, "GB"))]


def on_gpu(image: Path) -> list[Row]:
    """Rows without a value where there is no GPU, or neither torch nor onnxruntime can use it."""
    name = f"{SMALL}, GPU"
    if shutil.which("nvidia-smi"):
        try:
            return contours(name, image, "hn_oar", 1 + WARM_RUNS, "cuda")
        except SystemExit as problem:
            print(problem, file=sys.stderr)
    return [Row(TABLE, name, metric, None, "s", 0) for metric in ("cold, time", "warm, time")]


def beside_nnunet(folder: Path) -> list[Row]:
    """nnU-Net's own predictor, then our runner, on the same folder, image and processor; no mirroring in either."""
    model, predictor = nnunet_model(), nnunet_predictor()
    names = ("nnU-Net's own predictor, small network", "our runner, same network")
    if model is None or predictor is None:
        return [Row(TABLE, name, "cold, time", None, "s", 0) for name in names]
    trained = next(model.rglob("plans.json")).parent
    folds = sorted(p.name.removeprefix("fold_") for p in trained.glob("fold_*"))
    out, ours = folder / "theirs", folder / "ours"
    places = {f"nnUNet_{n}": str(folder) for n in ("raw", "preprocessed", "results")}
    os.environ.update(places)
    theirs = measure([str(predictor), "-i", str(folder / "small"), "-o", str(out), "-m", str(trained), "-f", *folds,
                      "-device", "cpu", "--disable_tta", "-npp", "1", "-nps", "1"])
    home = folder / "home"
    (home / "models").mkdir(parents=True)
    shutil.copytree(model, home / "models" / model.name)
    os.environ["RADONCAI_HOME"] = str(home)
    name = json.loads((model / "model.json").read_text())["name"]
    image = next((folder / "small").glob("*.nii.gz"))
    us = measure(radoncai("contour", image, "--model", name, "--device", "cpu", "-o", ours))
    same, _ = steps("differ", out / "case.nii.gz", ours / "structures.seg.nrrd", trained / "dataset.json")
    rows = [Row(TABLE, who, m, v, u, 1) for who, figures in zip(names, (theirs, us), strict=True)
            for (m, u), v in zip((("cold, time", "s"), ("processor time", "s"), ("peak memory", "GB")), figures,
                                 strict=True)]
    return [*rows, Row(TABLE, names[1], "labelled voxels that differ from its own", 100 * same["differ"], "%", 1),
            Row(TABLE, names[1], "lowest Dice with its own", same["dice"], "1", same["n"])]


def nnunet_model() -> Path | None:
    """The first small nnU-Net with one image in the tests' models."""
    for path in sorted(MODELS.glob("nnunet*/model.json")):
        if len(json.loads(path.read_text()).get("images") or [0]) == 1:
            return path.parent
    return None


def nnunet_predictor() -> Path | None:
    """The predictor of the private environment."""
    code = "from radoncai.models.install import environments as e; print(e.environment('nnunet').python)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    path = Path(said.stdout.strip() or ".").parent / "nnUNetv2_predict_from_modelfolder"
    return path if said.returncode == 0 and path.exists() else None


def text_of(rows: list[Row]) -> str:
    lines = [
        "## Contours from a network",
        "",
        "The drawn patient, 512 x 512, 0.977 mm; all seven structures of `hn_oar`. Cold: a new process, file cache "
        f"warm, up to the contours in memory. Warm: later runs in it, the model loaded, median of {WARM_RUNS}. Peak "
        "memory is that of the largest process. A limit is what the design asks for on two cores with nothing else "
        "running. nnU-Net: a network of 4, 8 and 16 features made for the tests, no mirroring, one worker.",
        "",
        *limited(rows, LIMITS, shown),
    ]
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    lines += ["", f"{machine('numpy', 'scipy', 'SimpleITK', 'onnxruntime')} (of this script); load at the end "
              f"{busy:.1f}."]
    return "\n".join(lines)


def shown(row: Row) -> str:
    if row.value is None:
        return "not measured"
    return f"{row.value:.0f}" if row.metric == "structures found" else f"{row.value:.2f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="without the 1000 slices")
    parser.add_argument("--json", action="store_true", help="print the rows instead of writing the table")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        steps("draw", folder)
        rows = contours(SMALL, folder / "ct150.npy", "hn_oar", 1 + WARM_RUNS)
        rows += contours("body, 512 x 512 x 150", folder / "ct150.npy", "body", 2)
        rows += command(folder / "ct150", folder)
        if not args.quick:
            rows += contours(LARGE, folder / "ct1000.npy", "hn_oar", 1)
        rows += on_gpu(folder / "ct150.npy")
        rows += beside_nnunet(folder)
    emit(rows, as_json=args.json, script="Testing/benchmarks/inference.py", name=TABLE, text=text_of(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
