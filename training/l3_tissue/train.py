"""Train l3_tissue on drawn slices: python training/l3_tissue/train.py --work FOLDER [--minutes 35] [--device auto].

Reads FOLDER/slices (draw.py, may still be running), resumes from FOLDER/checkpoint.pt, logs to FOLDER/log.csv.
"""

from __future__ import annotations

import argparse
import copy
import sys
import time
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "RadOncAI"))

from radoncai.bodycomp.field import channels  # noqa: E402
from radoncai.models.networks.unet import UNet  # noqa: E402

NETWORK = {"dimensions": 2, "inputs": 2, "outputs": 5, "widths": [12, 24, 48, 64, 96, 96]}
SMALL_PHASE = 0.3
HELD_OUT = 40


class Slices:
    """The drawn slices in memory; the first 40 of the first shard are held out for watching."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.seen, self.items, self.held = folder, set(), [], []

    def refresh(self) -> None:
        for path in sorted(self.folder.glob("[0-9]*.npz")):
            if path.name in self.seen:
                continue
            with np.load(path) as shard:
                pairs = list(zip(shard["hu"], shard["label"], strict=True))
            if not self.seen:
                self.held, pairs = pairs[:HELD_OUT], pairs[HELD_OUT:]
            self.seen.add(path.name)
            self.items += pairs

    def batch(self, rng: np.random.Generator, count: int) -> tuple[Tensor, Tensor]:
        pairs = [augment(rng, *self.items[i]) for i in rng.integers(0, len(self.items), count)]
        return as_tensors(pairs)


def as_tensors(pairs: list[tuple[np.ndarray, np.ndarray]]) -> tuple[Tensor, Tensor]:
    images = torch.from_numpy(np.stack([channels(hu.astype(np.float32)) for hu, _ in pairs]))
    return images, torch.from_numpy(np.stack([label for _, label in pairs]).astype(np.int64))


def warped(rng: np.random.Generator, hu: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Turned by up to 7 degrees, scaled by up to 9 %, and bent smoothly by a few pixels."""
    rows, columns = np.indices(hu.shape, np.float32)
    middle = (np.array(hu.shape, np.float32) - 1) / 2
    y, x = rows - middle[0], columns - middle[1]
    angle, scale = np.deg2rad(rng.uniform(-7, 7)), rng.uniform(0.91, 1.09, 2)
    y, x = (scale[0] * (np.cos(angle) * y + np.sin(angle) * x), scale[1] * (np.cos(angle) * x - np.sin(angle) * y))
    bend = [ndimage.zoom(rng.normal(0, 1, (6, 6)), np.array(hu.shape) / 6, order=3) for _ in range(2)]
    size = rng.uniform(0, 5)
    where = (y + middle[0] + size * bend[0], x + middle[1] + size * bend[1])
    image = ndimage.map_coordinates(hu.astype(np.float32), where, order=1, mode="nearest")
    return image, ndimage.map_coordinates(label, where, order=0, mode="nearest")


def augment(rng: np.random.Generator, hu: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mirror, shift by up to 6 pixels, warp, HU offset and gain, blur, more noise."""
    step = -1 if rng.random() < 0.5 else 1
    shift = rng.integers(-6, 7, 2)
    hu = np.roll(hu[:, ::step], shift, (0, 1)).astype(np.float32)
    label = np.roll(label[:, ::step], shift, (0, 1))
    if rng.random() < 0.6:
        hu, label = warped(rng, hu, label)
    hu = hu * rng.normal(1, 0.03) + rng.normal(0, 7)
    if rng.random() < 0.2:
        hu = ndimage.gaussian_filter(hu, rng.uniform(0.3, 0.9))
    if rng.random() < 0.35:
        hu = hu + rng.uniform(0, 30) * rng.standard_normal(hu.shape, dtype=np.float32)
    return hu.astype(np.float32), label


def loss_of(logits: Tensor, label: Tensor) -> Tensor:
    """Cross entropy plus one minus the mean Dice of the four tissues over the batch."""
    share = logits.softmax(1)
    truth = functional.one_hot(label, 5).permute(0, 3, 1, 2).to(share.dtype)
    both = (share * truth).sum((0, 2, 3))
    dice = (2 * both + 1) / (share.sum((0, 2, 3)) + truth.sum((0, 2, 3)) + 1)
    return functional.cross_entropy(logits, label) + 1 - dice[1:].mean()


def shrink(images: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
    return functional.avg_pool2d(images, 2), label[:, ::2, ::2].contiguous()


@torch.no_grad()
def watch(network: UNet, held: list, device: torch.device) -> list[float]:
    """Mean Dice of the four tissues over the held-out slices of the training family."""
    scores = []
    for pair in held:
        images, label = as_tensors([pair])
        found, label = network(images.to(device)).argmax(1).cpu(), label
        both = [2 * ((found == t) & (label == t)).sum() / max(1, (found == t).sum() + (label == t).sum())
                for t in range(1, 5)]
        scores.append([float(b) for b in both])
    return [round(float(v), 4) for v in np.mean(scores, 0)]


def learn(options: argparse.Namespace) -> None:
    device = torch.device("cuda" if options.device == "auto" and torch.cuda.is_available() else
                          "cpu" if options.device == "auto" else options.device)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    slices = Slices(options.work / "slices")
    network = UNet(**NETWORK).to(device)
    average = copy.deepcopy(network)
    optimiser = torch.optim.AdamW(network.parameters(), 2.5e-3, weight_decay=1e-4)
    state = {"step": 0, "seconds": 0.0}
    saved = options.work / "checkpoint.pt"
    if saved.exists():
        stored = torch.load(saved, map_location=device, weights_only=True)
        network.load_state_dict(stored["network"])
        average.load_state_dict(stored["average"])
        optimiser.load_state_dict(stored["optimiser"])
        state = stored["state"]
    rng = np.random.default_rng(state["step"])
    running = []
    while state["seconds"] < options.minutes * 60:
        begun = time.monotonic()
        if state["step"] % 50 == 0 or not slices.items:
            slices.refresh()
        if len(slices.items) < 150:
            time.sleep(5)
            continue
        done = state["seconds"] / (options.minutes * 60)
        for group in optimiser.param_groups:
            group["lr"] = float(2.5e-3 * min(1, (state["step"] + 1) / 60) * 0.5 * (1 + np.cos(np.pi * done)) + 1e-5)
        images, label = slices.batch(rng, 8 if done < SMALL_PHASE else 4)
        if done < SMALL_PHASE:
            images, label = shrink(images, label)
        with torch.autocast(device.type, torch.bfloat16):
            logits = network(images.to(device))
        loss = loss_of(logits.float(), label.to(device))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        keep = min(0.995, (state["step"] + 1) / (state["step"] + 20))
        with torch.no_grad():
            for mean, now in zip(average.parameters(), network.parameters(), strict=True):
                mean.lerp_(now, 1 - keep)
        state["step"] += 1
        running.append(loss.item())
        state["seconds"] += time.monotonic() - begun
        if state["step"] % 100 == 0:
            report(options.work, state, running, watch(average, slices.held[::4], device), len(slices.items))
            running = []
            torch.save({"network": network.state_dict(), "average": average.state_dict(),
                        "optimiser": optimiser.state_dict(), "state": state}, saved)
    print("held-out slices of family A, Dice muscle, IMAT, VAT, SAT:", watch(average, slices.held, device))
    torch.save({"network": network.state_dict(), "average": average.state_dict(),
                "optimiser": optimiser.state_dict(), "state": state}, saved)


def report(work: Path, state: dict, losses: list[float], dice: list[float], slices: int) -> None:
    line = f"{state['step']},{state['seconds']:.0f},{slices},{np.mean(losses):.4f}," + ",".join(map(str, dice))
    print(line, flush=True)
    with open(work / "log.csv", "a") as log:
        log.write(line + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=35.0)
    parser.add_argument("--device", default="auto")
    learn(parser.parse_args())


if __name__ == "__main__":
    main()
