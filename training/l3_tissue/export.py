"""Write the bundle of l3_tissue: python training/l3_tissue/export.py --work FOLDER [--n 60].

Rounds the averaged weights to float16, writes model.pt and model.onnx with the same numbers, checks that both give the
same regions, calibrates the spread on family B (other seeds than the test's), writes model.json and calibration.json.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "RadOncAI"), str(Path(__file__).parent)]

from evaluate import CALIBRATION_SEED, TEST_SEED, draw_test, evaluate, onnx_predict, rows_of  # noqa: E402
from train import NETWORK  # noqa: E402

from radoncai.bodycomp.field import channels, find_field  # noqa: E402
from radoncai.models.networks.unet import UNet  # noqa: E402

BUNDLE = ROOT / "Resources" / "Models" / "l3_tissue"
BAND, FACTOR_LIMITS = 0.68, (1.0, 10.0)


def load_network(work: Path) -> UNet:
    """The averaged network with its weights rounded to float16."""
    state = torch.load(work / "checkpoint.pt", map_location="cpu", weights_only=True)["average"]
    network = UNet(**NETWORK)
    network.load_state_dict({k: v.half().float() for k, v in state.items()})
    return network.eval()


def write_weights(network: UNet, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    torch.save({k: v.half() for k, v in network.state_dict().items()}, folder / "model.pt")
    axes = {"image": {0: "n"}, "logits": {0: "n"}}
    torch.onnx.export(network, torch.zeros(2, 2, 256, 256), str(folder / "model.onnx"), input_names=["image"],
                      output_names=["logits"], dynamic_axes=axes, opset_version=17, dynamo=False)


@torch.no_grad()
def differing_share(network: UNet, folder: Path, n: int = 8) -> float:
    """Share of labelled pixels where ONNX and torch disagree."""
    predict, differ, labelled = onnx_predict(folder / "model.onnx"), 0, 0
    for seed in range(n):
        drawn = draw_test(CALIBRATION_SEED - 1 - seed)
        image = find_field(drawn.hu, (drawn.pixel_mm,) * 2).sample(drawn.hu)
        batch = channels(image)[None]
        here = network(torch.from_numpy(batch)).argmax(1).numpy()
        there = predict(batch).argmax(1)
        differ += int((here != there).sum())
        labelled += int((here > 0).sum())
    return differ / max(1, labelled)


def calibrate(results: list[dict]) -> dict[str, float]:
    """Factor on the spread over eight views so that 68 % of the true errors lie within it."""
    factors = {}
    for name in results[0]["spread"]:
        ratio = [abs(r["found"][name] - r["true"][name]) / max(r["spread"][name], 1e-6) for r in results
                 if np.isfinite([r["found"][name], r["true"][name], r["spread"][name]]).all() and r["spread"][name] > 0]
        factors[name] = round(float(np.clip(np.quantile(ratio, BAND), *FACTOR_LIMITS)), 2)
    return factors


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def describe(folder: Path) -> dict:
    template = json.loads((Path(__file__).parent / "model.template.json").read_text())
    template["weights"] = {f: sha256(folder / f) for f in ("model.onnx", "model.pt")}
    template["network"] = {"class": "unet.UNet", "arguments": NETWORK}
    return template


def card(predict, n: int, slices: int) -> dict:
    """The card with the figures of n slices of the test's seeds and of the phantom-like family."""
    text = json.loads((Path(__file__).parent / "card.template.json").read_text())
    text["training_data"]["n"] = slices
    for family, data in (("B", "drawn slices of family B, not trained on"), ("P", "drawn slices like a phantom")):
        rows = rows_of(evaluate(predict, n if family == "B" else n // 3, TEST_SEED, family), family)
        text["metrics"] += [{"structure": r["row"], "metric": f"{r['metric']} {r['unit']}".strip(), "value": r["value"],
                             "n": r["n"], "data": data} for r in rows if "mean" in r["metric"]]
    looked = Path(__file__).parent / "looked_at.json"
    text["metrics"] += json.loads(looked.read_text()) if looked.exists() else []
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--bundle", type=Path, default=BUNDLE)
    parser.add_argument("--n", type=int, default=60, help="slices for the calibration")
    parser.add_argument("--test-n", type=int, default=50, help="slices for the card's figures")
    options = parser.parse_args()
    torch.set_num_threads(1)
    network = load_network(options.work)
    write_weights(network, options.bundle)
    share = differing_share(network, options.bundle)
    print(f"ONNX and torch differ in {100 * share:.4f} % of the labelled pixels")
    if share > 0.001:
        raise SystemExit("ONNX and torch weights do not give the same labels; the bundle is not to be used.")
    predict = onnx_predict(options.bundle / "model.onnx")
    results = evaluate(predict, options.n, CALIBRATION_SEED)
    text = {"method": "68 % quantile of |error| / standard deviation over eight views", "n": options.n,
            "data": "drawn slices of family B, other seeds than the test's", "factors": calibrate(results)}
    (options.bundle / "calibration.json").write_text(json.dumps(text, indent=1) + "\n")
    (options.bundle / "model.json").write_text(json.dumps(describe(options.bundle), indent=1) + "\n")
    drawn = 50 * len(list((options.work / "slices").glob("[0-9]*.npz")))
    (options.bundle / "card.json").write_text(json.dumps(card(predict, options.test_n, drawn), indent=1) + "\n")
    print(json.dumps(text["factors"]))


if __name__ == "__main__":
    main()
