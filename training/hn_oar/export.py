"""Write the bundle: rounded weights for torch and ONNX, model.json and card.json; checks that both give the same."""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import torch
from evaluate import BUNDLE, EXCLUDED, load_runner
from networks import NETWORKS, load_weights
from onnx_half import write_onnx
from predict import labels, probabilities
from prepare import ORGANS, SETTINGS, STANDARD_NAMES, native_patients

HERE = Path(__file__).resolve().parent


def rounded_network(weights: Path) -> tuple[str, torch.nn.Module]:
    """Architecture's name and the network with its weights rounded to float16."""
    name, network = load_weights(weights)
    network.load_state_dict({key: value.half().float() for key, value in network.state_dict().items()})
    return name, network.to(memory_format=torch.contiguous_format)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_weights(network: torch.nn.Module, folder: Path, patch: list[int]) -> dict[str, str]:
    """model.pt and model.onnx; file name -> sha256."""
    torch.save({key: value.half() for key, value in network.state_dict().items()}, folder / "model.pt")
    write_onnx(network, torch.zeros(1, 2, *patch), folder / "model.onnx")
    return {file: sha256(folder / file) for file in ("model.onnx", "model.pt")}


def metric_rows(path: Path, data: str) -> list[dict]:
    """Card metrics from rows of choose.py, evaluate.py or hn_contours.py (its column hn_oar).

    The excluded patients are left out.
    """
    rows = [r for r in json.loads(path.read_text())
            if (r["patient"], r["organ"]) not in EXCLUDED and r.get("column", "hn_oar") == "hn_oar"]
    out = []
    for key, metric in (("dice", "Dice"), ("surface_dice", "surface Dice at 3 mm")):
        found = []
        for organ, name in zip(ORGANS, STANDARD_NAMES, strict=True):
            values = [r[key] for r in rows if r["organ"] == organ and key in r]
            if values:
                found.append({"structure": name, "metric": metric, "value": round(float(np.mean(values)), 3),
                              "n": len(values), "data": data})
        if found:
            mean = round(float(np.mean([m["value"] for m in found])), 3)
            found.append({"structure": "mean", "metric": metric, "value": mean, "n": len(found),
                          "data": data})
        out += found
    return out


def same_labels(folder: Path, data: Path, patients: int = 2) -> dict[str, float]:
    """Share of labelled voxels that differ between the two files, largest over some early-stop patients."""
    runners = {kind: load_runner(folder, None, kind) for kind in ("onnx", "torch")}
    worst = 0.0
    for number, (_, hu, _, spacing) in enumerate(native_patients(data, "early_stop")):
        if number == patients:
            break
        found = {kind: labels(probabilities(hu, spacing, run)) for kind, run in runners.items()}
        differ = (found["onnx"] != found["torch"]).any(0).sum()
        worst = max(worst, float(differ / max(1, found["torch"].any(0).sum())))
    return {"differing_share": worst}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True, help="WORK/best.pt or another state dict")
    parser.add_argument("--choices", type=Path, help="JSON with thresholds and postprocess chosen on early_stop")
    parser.add_argument("--metrics", nargs="*", default=[], metavar="DATA=FILE", help="rows of evaluate.py")
    parser.add_argument("--note", default="", help="a sentence for the card on how long this was trained")
    parser.add_argument("--out", type=Path, default=BUNDLE)
    parser.add_argument("--name", default="hn_oar", help="another name for a network to compare with")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    model = dict(SETTINGS)
    model["name"] = options.name
    name, network = rounded_network(options.weights)
    kind, arguments = NETWORKS[name]
    model["network"] = {"class": f"unet.{kind}", "arguments": arguments}
    model |= json.loads(options.choices.read_text()) if options.choices else {"thresholds": {}, "postprocess": {}}
    model["weights"] = write_weights(network, options.out, model["patch"])
    card = json.loads((HERE / "card.json").read_text())
    card["method"] = f"{card['method']} {options.note}".strip()
    if options.name != "hn_oar":
        card["training_note"] = options.note
    sources = [item.split("=", 1) for item in options.metrics]
    card["metrics"] = [row for data, path in sources for row in metric_rows(Path(path), data)]
    card["date"] = datetime.date.today().isoformat()
    for file, content in (("model.json", model), ("card.json", card)):
        (options.out / file).write_text(json.dumps(content, indent=1) + "\n")
    shutil.copy(HERE / "LICENSE-openkbp.txt", options.out / "LICENSE.txt")
    print(json.dumps(same_labels(options.out, options.data)), {p.name: p.stat().st_size for p in options.out.iterdir()})


if __name__ == "__main__":
    main()
