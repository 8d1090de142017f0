"""Dose and DVH scores of the challenge: `python training/hn_dose/evaluate.py --data D --work W --split early_stop`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from data import HU_OFFSET, arguments, openkbp
from train import DoseNet, load_patient, predict

from radoncai.dose.region import region


def network_of(work: Path, weights: str) -> torch.nn.Module:
    """The network with the weights of a file in the work folder."""
    network = DoseNet(**json.loads((work / "arguments.json").read_text()))
    network.load_state_dict(torch.load(work / weights, weights_only=True))
    return network.eval()


def box_of(patient: dict) -> tuple[slice, slice, slice]:
    """Where the cached box lies in the patient's grid."""
    target = np.any([m for n, m in patient["structures"].items() if n.startswith("PTV")], 0)
    if "ct" not in patient:
        return region(None, target, patient["possible_dose_mask"], patient["spacing_mm"]).box
    return region(patient["ct"].astype(np.float32) - HU_OFFSET, target, None, patient["spacing_mm"]).box


def full_dose(patient: dict, box: tuple[slice, slice, slice], fraction: np.ndarray) -> np.ndarray:
    """Gy on the whole grid, zero outside the challenge's dose mask as its sample code has it."""
    out = np.zeros(patient["dose"].shape, np.float32)
    out[box] = fraction * 70.0
    return out * patient["possible_dose_mask"]


def report(result: dict) -> None:
    print(f"n {result['patients']}, dose score {result['dose_score']:.3f}, DVH score {result['dvh_score']:.3f}")
    for metric, (value, n) in result["by_metric"].items():
        print(f"  {metric:22s} {value:6.2f}  n {n}")


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--split", default="early_stop")
    parser.add_argument("--weights", default="best.pt", help="file in W, or `trees` for the first guess alone")
    options = parser.parse_args()
    load, score = openkbp(options.data)
    network, rows = None, []
    if options.weights != "trees":
        network = network_of(options.work, options.weights)
    for path in load.list_patients(options.split):
        patient, x = load.read_patient(path), load_patient(options.work, path.stem)
        fraction = x[-4] * x[-1] if network is None else predict(network, x)
        rows.append(score.score_patient(patient, full_dose(patient, box_of(patient), fraction.numpy())))
    report(score.summarise(rows))


if __name__ == "__main__":
    main()
