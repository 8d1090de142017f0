"""Train the dose network: `python training/hn_dose/train.py --data D --work W --minutes 60`; resumes from W."""

from __future__ import annotations

import copy
import csv
import json
import os
import time
from pathlib import Path

import numpy as np
import torch
from augment import augment
from data import arguments, openkbp
from torch import Tensor

from radoncai.dose.channels import NAMES, ORGANS
from radoncai.models.networks.dose_net import DoseNet

GUESS = len(NAMES)
INPUTS = len(NAMES) + 1
FINE = tuple(NAMES.index(n) for n in ("ct", "level", "distance", "distance_high", "prior")) + (GUESS,)
SUB = tuple(NAMES.index(n) for n in ("level", "distance", "distance_high"))
ARGUMENTS = {"inputs": INPUTS, "base": GUESS, "fine": FINE, "sub": SUB, "widths": (16, 32, 64, 96)}
# torch 2.13 gives wrong bfloat16 weight gradients on the CPU where a convolution sees two slices, so three must remain
LEAST_SLICES = 48
INDEPENDENT = {**ARGUMENTS, "base": NAMES.index("prior"), "fine": FINE[:-1], "guess": GUESS}
LEVEL, ORGAN_FIRST = NAMES.index("level"), NAMES.index(ORGANS[0])


def load_patient(work: Path, name: str) -> Tensor:
    """float32 [inputs + 3, k, j, i]: channels, first guess (trees), dose / top, dose mask, inside."""
    c = np.load(work / "cache" / f"{name}.npy")
    guess = np.load(work / "cache" / f"{name}_t.npy")[None]
    return torch.from_numpy(np.concatenate([c[:GUESS], guess, c[GUESS:]]).astype(np.float32))


def padded(x: Tensor, multiple: int = 16) -> Tensor:
    """Zeros at the ends so that each side divides by `multiple`."""
    d, h, w = ((-n) % multiple for n in x.shape[-3:])
    return torch.nn.functional.pad(x, (0, w, 0, h, 0, d))


def slab(x: Tensor, rng: np.random.Generator, voxels: int = 450_000) -> Tensor:
    """A run of slices that keeps the voxels of one step within bounds."""
    n = max(LEAST_SLICES, int(voxels / (x.shape[2] * x.shape[3])) // 16 * 16)
    if x.shape[1] <= n:
        return x
    start = int(rng.integers(0, x.shape[1] - n + 1))
    return x[:, start : start + n]


def loss_terms(predicted: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Weighted masked L1, the plain one, and the quantile-band term that speaks for the DVH metrics."""
    dose, mask = x[-3], x[-2] * x[-1]
    target, organs = x[LEVEL] > 0.3, x[ORGAN_FIRST : ORGAN_FIRST + len(ORGANS)] > 0.5
    weight = mask * (1 + 2 * target + organs.any(0))
    difference = (predicted - dose).abs()
    plain = (difference * mask).sum() / mask.sum().clamp(min=1)
    return (difference * weight).sum() / weight.sum().clamp(min=1), plain, band_loss(predicted, dose, mask > 0, x)


def band_loss(predicted: Tensor, dose: Tensor, mask: Tensor, x: Tensor) -> Tensor:
    """Mean over structures of |difference| of sorted doses in the bands that D99, D95, D1, D0.1cc and mean look at."""
    terms = []
    for level in torch.unique(torch.round(x[LEVEL][x[LEVEL] > 0.3] * 20) / 20):
        m = ((x[LEVEL] - level).abs() < 0.025) & mask
        n = int(m.sum())
        if n > 200:
            a, b = predicted[m].sort().values, dose[m].sort().values
            terms += [
                (a[p:q].mean() - b[p:q].mean()).abs()
                for p, q in ((n // 200, n // 50 + 1), (n // 25, n // 16 + 1), (n - n // 50 - 1, n - n // 200))
            ]
    for organ in range(ORGAN_FIRST, ORGAN_FIRST + len(ORGANS)):
        m = (x[organ] > 0.5) & mask
        n = int(m.sum())
        if n > 30:
            a, b = predicted[m], dose[m]
            terms += [(a.mean() - b.mean()).abs(), (a.topk(4).values.mean() - b.topk(4).values.mean()).abs()]
    return torch.stack(terms).mean() if terms else predicted.sum() * 0


def predict(network: torch.nn.Module, x: Tensor, flips: bool = True) -> Tensor:
    """Dose / top [k, j, i], zero outside `inside`; the mean over the view and its mirror image."""
    from augment import mirrored

    shape, out = x.shape[1:], 0
    with torch.no_grad(), torch.autocast(x.device.type, torch.bfloat16):
        for flip in (False, True) if flips else (False,):
            v = mirrored(x[:INPUTS]) if flip else x[:INPUTS]
            y = network(padded(v[None]))[0, 0, : shape[0], : shape[1], : shape[2]].float()
            out = out + (y.flip(2) if flip else y)
    return (out / (2 if flips else 1)).clamp(0, 1.2) * (x[-1] > 0)


def early_stop(network: torch.nn.Module, names: list[str], work: Path, device: str) -> float:
    """Mean over patients of the mean |difference| in the dose mask, in Gy at 70."""
    errors = []
    for name in names:
        x = load_patient(work, name).to(device)
        y = predict(network, x, flips=False)
        errors.append(float(((y - x[-3]).abs() * x[-2]).sum() / x[-2].sum()) * 70)
    return float(np.mean(errors))


class Trainer:
    """Network, its running average, optimiser, and where they are kept."""

    def __init__(self, work: Path, minutes: float, device: str, rate: float, arguments: dict) -> None:
        self.work, self.minutes, self.device, self.rate = work, minutes, device, rate
        torch.manual_seed(0)
        self.network = DoseNet(**arguments).to(device)
        self.average = copy.deepcopy(self.network)
        # The deep layers' gradients are near 1e-9: with the usual eps of 1e-8 they would hardly move.
        self.optimiser = torch.optim.AdamW(self.network.parameters(), rate, weight_decay=1e-2, eps=1e-14)
        self.step, self.spent, self.best = 0, 0.0, 1e9
        if (work / "checkpoint.pt").exists():
            self._resume()
        elif (work / "start.pt").exists():
            for network in (self.network, self.average):
                network.load_state_dict(torch.load(work / "start.pt", map_location=device, weights_only=True))
        elif (work / "best.pt").exists():
            for network in (self.network, self.average):
                network.load_state_dict(torch.load(work / "best.pt", map_location=device, weights_only=True))

    def _resume(self) -> None:
        state = torch.load(self.work / "checkpoint.pt", map_location=self.device, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.spent, self.best = state["step"], state["spent"], state["best"]

    def save(self) -> None:
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "step": self.step,
            "optimiser": self.optimiser.state_dict(),
            "spent": self.spent,
            "best": self.best,
        }
        torch.save(state, self.work / "checkpoint.tmp")
        os.replace(self.work / "checkpoint.tmp", self.work / "checkpoint.pt")

    def train_step(self, x: Tensor) -> float:
        """One patient; returns its plain error in Gy at 70."""
        done = min(1.0, self.spent / self.minutes)
        for group in self.optimiser.param_groups:
            group["lr"] = float(self.rate * min(1, (self.step + 1) / 100) * (0.5 + 0.5 * np.cos(np.pi * done)) + 1e-6)
        with torch.autocast(self.device, torch.bfloat16):
            y = self.network(padded(x[None, :INPUTS]))[0, 0, : x.shape[1], : x.shape[2], : x.shape[3]]
        weighted, plain, band = loss_terms(y.float(), x)
        loss = weighted + (0.1 if done > 0.3 else 0.02) * band
        self.optimiser.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.step += 1
        if not torch.isfinite(norm):  # one such step in bfloat16 would spoil weights and average for good
            print(f"step {self.step} left out: its gradient is not finite", flush=True)
            return float(plain.detach().nan_to_num()) * 70
        self.optimiser.step()
        keep = min(0.996, 1 - 1 / (self.step + 1))
        with torch.no_grad():
            for a, b in zip(self.average.parameters(), self.network.parameters(), strict=True):
                a.lerp_(b, 1 - keep)
        return float(plain.detach()) * 70

    def check(self, names: list[str], train_error: float) -> None:
        """Early-stop error of the averaged weights; the best are kept in best.pt."""
        error = early_stop(self.average, names, self.work, self.device)
        if self.average.guess is not None:
            self.average.blend = 0.5
            print(f"with the trees: {early_stop(self.average, names, self.work, self.device):.3f}", flush=True)
            self.average.blend = 0.0
        if error < self.best:
            self.best = error
            torch.save(self.average.state_dict(), self.work / "best.pt")
        self.save()
        with (self.work / "log.csv").open("a", newline="") as f:
            csv.writer(f).writerow([self.step, f"{self.spent:.1f}", f"{train_error:.3f}", f"{error:.3f}"])
        print(f"{self.step} steps, {self.spent:.1f} min, train {train_error:.3f}, early stop {error:.3f}", flush=True)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--every", type=float, default=8, help="minutes between early-stop checks")
    parser.add_argument(
        "--independent", action="store_true", help="start from the prior; the trees only join the answer"
    )
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    load, _ = openkbp(options.data)
    fit, stop = ([p.stem for p in load.list_patients(s)] for s in ("fit", "early_stop"))
    chosen = INDEPENDENT if options.independent else ARGUMENTS
    trainer = Trainer(options.work, options.minutes, options.device, options.rate, chosen)
    (options.work / "arguments.json").write_text(json.dumps(chosen))
    rng, order, errors, next_check = np.random.default_rng(trainer.step), [], [], trainer.spent + options.every
    while trainer.spent < options.minutes:
        start = time.time()
        order = order or [n for n in rng.permutation(fit) if (options.work / "cache" / f"{n}_t.npy").exists()]
        name = order.pop()
        x = augment(load_patient(options.work, name).to(options.device), rng)
        try:
            errors.append(trainer.train_step(slab(x, rng)))
        except FloatingPointError as problem:
            print(f"{name} {tuple(x.shape)} skipped: {problem}", flush=True)
        trainer.spent += (time.time() - start) / 60
        if trainer.spent >= next_check or trainer.spent >= options.minutes:
            trainer.check(stop, float(np.mean(errors)))
            errors, next_check = [], next_check + options.every


if __name__ == "__main__":
    main()
