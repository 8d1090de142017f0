"""Dice of hn_oar on an OpenKBP split at OpenKBP's own grid, with and without the patients known to be wrong."""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from networks import load_weights
from predict import OVERLAP, labels, probabilities, torch_runner
from prepare import ORGANS, SETTINGS, STANDARD_NAMES, native_patients

from radoncai.core.morphology import largest_component
from radoncai.models.networks import unet

BUNDLE = Path(__file__).resolve().parents[2] / "Resources" / "Models" / "hn_oar"
EXCLUDED = {("pt_221", name) for name in ORGANS} | {("pt_215", "SpinalCord"), ("pt_216", "SpinalCord")}


def bundle_settings(folder: Path) -> dict:
    """model.json, or what export.py would start from."""
    path = folder / "model.json"
    return json.loads(path.read_text()) if path.exists() else SETTINGS


def load_runner(folder: Path, weights: Path | None, kind: str) -> Callable:
    """Patches to probabilities: a training checkpoint, or the bundle's torch or onnx weights."""
    if weights is None and kind == "onnx":
        import onnxruntime
        session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        return lambda x: 1 / (1 + np.exp(-session.run(None, {name: x})[0]))
    if weights:
        return torch_runner(load_weights(weights)[1])
    described = bundle_settings(folder)["network"]
    network = getattr(unet, described["class"].removeprefix("unet."))(**described["arguments"])
    state = torch.load(folder / "model.pt", weights_only=True)
    network.load_state_dict({name: value.float() for name, value in state.items()})
    return torch_runner(network.eval())


def dice(a: np.ndarray, b: np.ndarray) -> float:
    """2 |a and b| / (|a| + |b|)."""
    return float(2 * (a & b).sum() / max(1, a.sum() + b.sum()))


def finish(found: np.ndarray, postprocess: dict[str, list[str]]) -> np.ndarray:
    """The steps of model.json."""
    return np.stack([largest_component(m) if "largest_component" in postprocess.get(name, []) else m
                     for name, m in zip(STANDARD_NAMES, found, strict=True)])


def evaluate(data: Path, split: str, run: Callable, settings: dict, limit: int | None, overlap: float) -> list[dict]:
    """One row a patient and organ: Dice, and volumes in cc."""
    chosen = np.array([settings.get("thresholds", {}).get(n, 0.5) for n in STANDARD_NAMES])
    rows = []
    for number, (name, hu, masks, spacing) in enumerate(native_patients(data, split)):
        if number == limit:
            break
        began = time.time()
        found = finish(labels(probabilities(hu, spacing, run, overlap), chosen), settings.get("postprocess", {}))
        cc = float(np.prod(spacing)) / 1000
        for n, organ in enumerate(ORGANS):
            if organ in masks:
                rows.append({"patient": name, "organ": organ, "dice": dice(found[n], masks[organ]),
                             "cc": found[n].sum() * cc, "true_cc": masks[organ].sum() * cc,
                             "seconds": time.time() - began})
    return rows


def summary(rows: list[dict], excluded: bool) -> dict:
    """Mean Dice and n of each organ, and the mean over organs."""
    out = {}
    for organ in ORGANS:
        kept = [r["dice"] for r in rows if r["organ"] == organ
                and (excluded or (r["patient"], organ) not in EXCLUDED)]
        out[organ] = {"dice": round(float(np.mean(kept)), 4), "n": len(kept)} if kept else {"dice": None, "n": 0}
    values = [v["dice"] for v in out.values() if v["dice"] is not None]
    return {"mean": round(float(np.mean(values)), 4), "organs": out}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/openkbp"))
    parser.add_argument("--split", default="early_stop")
    parser.add_argument("--model", type=Path, default=BUNDLE)
    parser.add_argument("--weights", type=Path, help="a state dict of training instead of the bundle's")
    parser.add_argument("--kind", choices=("onnx", "torch"), default="onnx")
    parser.add_argument("--overlap", type=float, default=OVERLAP)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rows", type=Path, help="write one row a patient and organ here")
    options = parser.parse_args()
    settings = bundle_settings(options.model)
    run = load_runner(options.model, options.weights, options.kind)
    rows = evaluate(options.data, options.split, run, settings, options.limit, options.overlap)
    if options.rows:
        options.rows.write_text(json.dumps(rows, indent=1))
    patients = {r["patient"]: r["seconds"] for r in rows}
    seconds = round(float(np.mean(list(patients.values()))), 2)
    result = {"split": options.split, "patients": len(patients), "seconds_each": seconds,
              "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
              "without_excluded": summary(rows, False), "all": summary(rows, True)}
    print(json.dumps(result, indent=1) if options.json else table(result))


def table(result: dict) -> str:
    """Lines for people."""
    lines = [f"{result['split']}: {result['patients']} patients, {result['seconds_each']} s each"]
    for organ in ORGANS:
        a, b = result["without_excluded"]["organs"][organ], result["all"]["organs"][organ]
        lines.append(f"{organ:14s} {a['dice']} (n {a['n']})   with all {b['dice']} (n {b['n']})")
    return "\n".join([*lines, f"mean {result['without_excluded']['mean']}   with all {result['all']['mean']}"])


if __name__ == "__main__":
    main()
