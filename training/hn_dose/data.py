"""OpenKBP patients as the dose model sees them, cached: `python training/hn_dose/data.py --data D --work W`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from types import ModuleType

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "RadOncAI"))

from radoncai.dose import channels, features  # noqa: E402

STANDARD = {"RightParotid": "Parotid_R", "LeftParotid": "Parotid_L", "Mandible": "Bone_Mandible"}
HU_OFFSET = 1000.0


def openkbp(folder: Path) -> tuple[ModuleType, ModuleType]:
    """The modules `load` and `score` that lie beside the data."""
    sys.path.insert(0, str(folder))
    import load
    import score

    return load, score


def channels_of(patient: dict) -> channels.Channels:
    """What the command would compute of this patient; only without CT the dose mask stands for the body."""
    structures = patient["structures"]
    targets = {n: m for n, m in structures.items() if n.startswith("PTV")}
    organs = {STANDARD.get(n, n): m for n, m in structures.items() if not n.startswith("PTV")}
    hu = patient["ct"].astype(np.float32) - HU_OFFSET if "ct" in patient else None
    body = None if "ct" in patient else patient["possible_dose_mask"]
    levels = {n: float(n[3:]) for n in targets}
    return channels.build(hu, targets, levels, organs, body, patient["spacing_mm"])


def cache(path: Path, load: ModuleType, work: Path) -> None:
    """Write NAME.npy (channels, dose / top, dose mask, inside; float16) and NAME_f.npy (features of inside voxels)."""
    out = work / "cache" / f"{path.stem}.npy"
    if out.exists():
        return
    patient = load.read_patient(path)
    c = channels_of(patient)
    box = c.region.box
    extra = (patient["dose"][box] / c.top_gy, patient["possible_dose_mask"][box], c.region.inside)
    np.save(work / "cache" / f"{path.stem}_f.npy", features.features(c).astype(np.float16))
    np.save(out, np.concatenate([c.values, np.stack(extra)]).astype(np.float16))


def arguments(description: str) -> argparse.ArgumentParser:
    """The options that all scripts of this recipe share."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, required=True, help="folder of the packed OpenKBP data")
    parser.add_argument("--work", type=Path, required=True, help="folder for caches and checkpoints")
    return parser


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--splits", default="early_stop,fit,validation")
    parser.add_argument("--share", default="0/1", help="n/m: only every m-th patient, from the n-th")
    options = parser.parse_args()
    load, _ = openkbp(options.data)
    (options.work / "cache").mkdir(parents=True, exist_ok=True)
    n, m = (int(v) for v in options.share.split("/"))
    paths = [p for s in options.splits.split(",") for p in load.list_patients(s)][n::m]
    for done, path in enumerate(paths):
        cache(path, load, options.work)
        if done % 20 == 0:
            print(f"{done} of {len(paths)}", flush=True)


if __name__ == "__main__":
    main()
