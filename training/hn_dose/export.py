"""Write the bundle: `python training/hn_dose/export.py --data D --work W [--weights none]`.

Weights are rounded to float16 first; torch and ONNX hold the same numbers. Bands and card figures are computed with
the exported files.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import torch
from bands import bands, differences
from data import arguments as options_of
from data import channels_of, openkbp
from evaluate import box_of
from export_trees import trees_to_onnx
from onnx import TensorProto, helper, numpy_helper
from train import INPUTS, DoseNet, load_patient
from trees import PRIOR, SEEDS, stored

from radoncai.dose.channels import Channels
from radoncai.dose.predict import first_guess, refine
from radoncai.dose.region import Region

HERE = Path(__file__).resolve().parent
BUNDLE = HERE.parents[1] / "Resources" / "Models" / "hn_dose"


def rounded(weights: Path, arguments: dict) -> DoseNet:
    """The network with its weights rounded to float16."""
    network = DoseNet(**arguments)
    state = torch.load(weights, weights_only=True, map_location="cpu")
    network.load_state_dict({k: v.half().float() for k, v in state.items()})
    return network.eval()


def write_network(network: DoseNet, folder: Path) -> None:
    """model.pt, and model.onnx with free sides and float16 initialisers."""
    torch.save({k: v.half() for k, v in network.state_dict().items()}, folder / "model.pt")
    axes, path = {2: "k", 3: "j", 4: "i"}, folder / "model.onnx"
    torch.onnx.export(network, (torch.zeros(1, INPUTS, 32, 48, 64),), str(path), input_names=["channels"],
                      output_names=["fraction"], dynamic_axes={"channels": axes, "fraction": axes}, opset_version=17,
                      dynamo=False)
    model = onnx.load(str(path))
    for tensor in list(model.graph.initializer):
        if tensor.data_type == TensorProto.FLOAT and np.prod(tensor.dims) > 16:
            name = tensor.name
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), name + "_half"))
            model.graph.node.insert(0, helper.make_node("Cast", [name + "_half"], [name], to=TensorProto.FLOAT))
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def session(path: Path) -> Callable[[np.ndarray], np.ndarray]:
    """An ONNX file as a function of its one input."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    run = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    name = run.get_inputs()[0].name
    return lambda x: run.run(None, {name: x})[0]


def torch_function(network: DoseNet) -> Callable[[np.ndarray], np.ndarray]:
    def run(x: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return network(torch.from_numpy(x)).numpy()

    return run


def cached(work: Path, name: str, patient: dict) -> tuple[Channels, np.ndarray]:
    """Channels and the trees' guess from the cache; its float16 changes doses by less than 0.05 Gy."""
    x = load_patient(work, name).numpy()
    inside = x[-1] > 0
    return Channels(x[:INPUTS - 1], Region(box_of(patient), inside, inside), patient["spacing_mm"], 70.0), x[INPUTS - 1]


def gray(channels: Channels, guess: np.ndarray, network: Callable | None, shape: tuple[int, ...]) -> np.ndarray:
    out = np.zeros(shape, np.float32)
    fraction = guess if network is None else refine(channels, guess, network)
    out[channels.region.box] = fraction * np.float32(channels.top_gy)
    return out


def check_trees(channels: Channels, guess: np.ndarray, trees: Callable) -> None:
    """Print how far the exported trees on fresh channels lies from the cached guess, in Gy."""
    apart = np.abs(first_guess(channels, trees) - guess)[channels.region.inside] * 70
    print(f"ONNX trees and scikit-learn: mean {apart.mean():.4f} Gy", flush=True)


def check_same(channels: Channels, guess: np.ndarray, network: DoseNet, run: Callable) -> None:
    """Print how far ONNX and torch lie apart on one patient, in Gy."""
    a, b = (refine(channels, guess, f, mirror=False) * 70 for f in (torch_function(network), run))
    apart = np.abs(a - b)[channels.region.inside]
    print(f"ONNX and torch: mean {apart.mean():.4f}, 99.9th percentile {np.percentile(apart, 99.9):.4f} Gy", flush=True)


def scored(split: str, load: object, score: object, work: Path, run: Callable | None) -> tuple[dict, list[dict]]:
    """Scores of the challenge and true-minus-predicted rows of one split, with the exported network."""
    rows, errors = [], []
    for path in load.list_patients(split):
        patient = load.read_patient(path)
        channels, guess = cached(work, path.stem, patient)
        dose = gray(channels, guess, run, patient["dose"].shape) * patient["possible_dose_mask"]
        rows.append(score.score_patient(patient, dose))
        errors.append(differences(patient, dose))
    return score.summarise(rows), errors


def card_rows(result: dict, data: str) -> list[dict]:
    """Rows of the card's metrics from score.summarise."""
    n = result["patients"]
    out = [{"structure": "", "metric": name, "value": round(result[key], 2), "n": n, "data": data}
           for name, key in (("dose score [Gy]", "dose_score"), ("DVH score [Gy]", "dvh_score"))]
    for metric, (value, count) in result["by_metric"].items():
        name, structure = metric.split(" ", 1)
        out.append({"structure": structure, "metric": f"mean |error| of {name} [Gy]", "value": round(value, 2),
                    "n": count, "data": data})
    return out


def write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n")


def write_weights(options: argparse.Namespace) -> tuple[Callable, Callable | None]:
    """Trees, network and model.json into the bundle; both as functions, None for a network that is left out."""
    spec = json.loads((HERE / "model.json").read_text())
    files = [f"trees_{seed}.onnx" for seed in SEEDS]
    for name, model in zip(files, stored(options.work, "all"), strict=True):
        onnx.save(trees_to_onnx(model, PRIOR), str(options.out / name))
    sessions = [session(options.out / name) for name in files]
    network = None
    if options.weights != "none":
        arguments = json.loads((options.work / "arguments.json").read_text())
        if options.blend is not None:
            arguments |= {"guess": INPUTS - 1, "blend": options.blend}
        spec["network"] = {"class": "dose_net.DoseNet", "arguments": arguments}
        network = rounded(options.work / options.weights, arguments)
        write_network(network, options.out)
        files += ["model.onnx", "model.pt"]
    for stale in set(options.out.glob("*.onnx")) | set(options.out.glob("*.pt")):
        if stale.name not in files:
            stale.unlink()
    spec["weights"] = {n: hashlib.sha256((options.out / n).read_bytes()).hexdigest() for n in sorted(files)}
    spec["version"] = options.version
    write_json(options.out / "model.json", spec)
    return lambda x: np.mean([s(x) for s in sessions], 0), network


def main() -> None:
    parser = options_of(__doc__)
    parser.add_argument("--weights", default="best.pt", help="state dict in W; `none` leaves the network out")
    parser.add_argument("--out", type=Path, default=BUNDLE)
    parser.add_argument("--version", default="0.1.0")
    parser.add_argument("--blend", type=float, help="weight of the trees beside a network that never saw them")
    parser.add_argument("--note", default="", help="a sentence for the card: minutes, steps, machine")
    options = parser.parse_args()
    load, score = openkbp(options.data)
    options.out.mkdir(parents=True, exist_ok=True)
    trees, network = write_weights(options)
    first = load.list_patients("validation")[0]
    patient = load.read_patient(first)
    channels, guess = cached(options.work, first.stem, patient)
    check_trees(channels_of(patient), guess, trees)
    run = None
    if network is not None:
        run = session(options.out / "model.onnx")
        check_same(channels, guess, network, run)
    stop, errors = scored("early_stop", load, score, options.work, run)
    write_json(options.out / "bands.json", bands(errors))
    valid, _ = scored("validation", load, score, options.work, run)
    card = json.loads((HERE / "card.json").read_text())
    without = "OpenKBP early stop, trees fitted without them"
    card["metrics"] = card_rows(valid, "OpenKBP validation") + card_rows(stop, without)
    card["method"] = f"{card['method']} {options.note}".strip()
    card["date"] = datetime.date.today().isoformat()
    write_json(options.out / "card.json", card)
    shutil.copy(HERE / "LICENSE-openkbp.txt", options.out / "LICENSE.txt")
    for name, result in (("early stop", stop), ("validation", valid)):
        print(f"{name}: n {result['patients']}, dose {result['dose_score']:.3f}, DVH {result['dvh_score']:.3f}")


if __name__ == "__main__":
    main()
