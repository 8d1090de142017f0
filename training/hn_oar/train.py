"""Train hn_oar on the cached OpenKBP patients; resumes from WORK/checkpoint.pt, logs to WORK/log.csv."""

from __future__ import annotations

import argparse
import copy
import csv
import math
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.distributed as together
from losses import dice_loss
from networks import NETWORKS, build, save_weights, take_over
from optimiser import optimisers_of
from patches import Case, choose_centre, load_case, make_patch
from predict import labels, predict, torch_runner
from prepare import ORGANS

EMA = 0.999
MEET = 10
BACKGROUND_SHARE = 0.04
PHANTOM_SHARE = 0.04


@dataclass
class State:
    """All that a resumed run needs."""

    network: torch.nn.Module
    average: torch.nn.Module
    optimisers: list[torch.optim.Optimizer]
    name: str
    iteration: int = 0
    seconds: float = 0.0
    processor: float = 0.0
    best: float = 0.0
    history: list[float] = field(default_factory=list)


def new_state(name: str, device: str, start: Path | None) -> State:
    """A fresh network, or one that takes over what it can from the weights in `start`."""
    torch.manual_seed(0)
    network = build(name).to(device)
    if start:
        print("taken over:", take_over(network, start), "tensors")
    return State(network, copy.deepcopy(network).eval(), optimisers_of(network), name)


def save(state: State, path: Path) -> None:
    """Write beside the target, then move: a killed run never leaves half a checkpoint."""
    parts = {"network": state.network.state_dict(), "average": state.average.state_dict()}
    parts |= {"optimisers": [o.state_dict() for o in state.optimisers], "iteration": state.iteration}
    parts |= {"seconds": state.seconds, "processor": state.processor, "best": state.best}
    torch.save(parts, path.with_suffix(".tmp"))
    path.with_suffix(".tmp").replace(path)


def restore(state: State, path: Path) -> None:
    """Continue from a checkpoint."""
    parts = torch.load(path, weights_only=True)
    state.network.load_state_dict(parts["network"])
    state.average.load_state_dict(parts["average"])
    for optimiser, stored in zip(state.optimisers, parts["optimisers"], strict=True):
        optimiser.load_state_dict(stored)
    state.iteration, state.seconds, state.best = parts["iteration"], parts["seconds"], parts["best"]
    state.processor = parts["processor"]


def rate(progress: float, iteration: int) -> float:
    """Share of the learning rates: a warm-up of 100 iterations, then a cosine down to a hundredth."""
    cosine = 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))
    return cosine * min(1.0, (iteration + 1) / 100)


def pick(pools: dict[str, list[Case]], rng: np.random.Generator) -> tuple[Case, np.ndarray]:
    """A case of the fit patients, or now and then a background CT or a phantom."""
    u = rng.random()
    if pools["background"] and u < BACKGROUND_SHARE:
        case = pools["background"][rng.integers(len(pools["background"]))]
        return case, rng.uniform(0, 1, 3) * np.array(case.hu.shape)
    if pools["phantom"] and u > 1 - PHANTOM_SHARE:
        return choose_centre(pools["phantom"], rng)
    return choose_centre(pools["fit"], rng)


def patch(pools: dict, rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
    """Input, target and weight."""
    return make_patch(*pick(pools, rng), rng)


def step(state: State, patch: tuple[torch.Tensor, ...], progress: float, device: str) -> float:
    """One patch, one update of weights and average."""
    x, target, weight = (t[None].to(device) for t in patch)
    x = x.to(memory_format=torch.channels_last_3d)
    with torch.autocast(device, torch.bfloat16):
        logits = state.network(x)
    positive = 1.5 + 8 * max(0.0, 1 - progress / 0.25)
    with torch.no_grad():
        loss, gradient = dice_loss(logits.float(), target, weight, positive)
    state.network.zero_grad(set_to_none=True)
    logits.backward(gradient.to(logits.dtype))
    torch.nn.utils.clip_grad_norm_(state.network.parameters(), 2.0)
    share = rate(progress, state.iteration)
    for optimiser in state.optimisers:
        for group in optimiser.param_groups:
            group["lr"] = share * optimiser.defaults["lr"]
        optimiser.step()
    decay = min(EMA, (1 + state.iteration) / (10 + state.iteration))
    with torch.no_grad():
        for a, b in zip(state.average.parameters(), state.network.parameters(), strict=True):
            a.lerp_(b, 1 - decay)
    state.iteration += 1
    return loss


def meet(state: State) -> None:
    """Where several processes train together: the mean of their weights, averages and clocks."""
    if not together.is_initialized():
        return
    clock = torch.tensor(state.seconds, dtype=torch.float64)
    with torch.no_grad():
        for tensor in (clock, *state.network.parameters(), *state.average.parameters()):
            together.all_reduce(tensor)
            tensor /= together.get_world_size()
    state.seconds = float(clock)


def early_stop_dice(network: torch.nn.Module, cases: Sequence[Case], device: str) -> np.ndarray:
    """Mean Dice of each organ at the model's spacing over the patients that have it."""
    run = torch_runner(network, device, half=True)
    scores = [[] for _ in ORGANS]
    for case in cases:
        found = labels(predict(case.hu, run))
        for n in np.flatnonzero(case.known):
            truth = (case.bits >> n & 1).astype(bool)
            total = truth.sum() + found[n].sum()
            if truth.any():
                scores[n].append(2 * (truth & found[n]).sum() / total)
    return np.array([np.mean(s) if s else np.nan for s in scores])


def check(state: State, cases: Sequence[Case], work: Path, progress: float, device: str) -> None:
    """Score the averaged weights on early_stop, log, keep the best, save."""
    dice = early_stop_dice(state.average, cases, device)
    mean = float(np.nanmean(dice)) if len(cases) else 0.0
    loss = float(np.mean(state.history)) if state.history else float("nan")
    state.history.clear()
    row = [state.iteration, round(state.seconds), round(state.processor)]
    row += [f"{progress:.3f}", f"{loss:.4f}", f"{mean:.4f}"]
    log = work / "log.csv"
    header = not log.exists()
    with log.open("a", newline="") as file:
        writer = csv.writer(file)
        if header:
            writer.writerow(["iteration", "seconds", "processor", "progress", "loss", "mean", *ORGANS])
        writer.writerow(row + [f"{d:.3f}" for d in dice])
    if mean >= state.best:
        state.best = mean
        save_weights(state.name, state.average, work / "best.pt")
    save_weights(state.name, state.average, work / "last.pt")
    save(state, work / "checkpoint.pt")


def train(state: State, pools: dict, cases: Sequence[Case], options: argparse.Namespace, device: str) -> None:
    """Until the planned minutes are used; the schedule follows the clock."""
    rank, ranks = (together.get_rank(), together.get_world_size()) if together.is_initialized() else (0, 1)
    rng = np.random.default_rng((state.iteration + 1, rank))
    planned, checked = options.minutes * 60, state.seconds
    last, used = time.time(), time.process_time()
    loader = ThreadPoolExecutor(1)
    coming = loader.submit(patch, pools, rng)
    while state.iteration % MEET or state.seconds < planned:  # all processes end at the same meeting
        progress = state.seconds / planned
        ready, coming = coming.result(), loader.submit(patch, pools, rng)
        state.history.append(step(state, ready, progress, device))
        now, busy = time.time(), time.process_time()
        state.seconds, last = state.seconds + now - last, now
        state.processor, used = state.processor + (busy - used) * ranks, busy
        if state.iteration % MEET == 0:
            meet(state)
        if rank:
            continue
        if state.iteration % 400 == 0:
            save(state, options.work / "checkpoint.pt")
            loss = np.mean(state.history[-400:])
            print(state.iteration, round(state.seconds), round(state.processor), f"loss {loss:.4f}", flush=True)
        if state.seconds - checked > options.check_minutes * 60:
            check(state, cases, options.work, state.seconds / planned, device)
            checked, used = state.seconds, time.process_time()
    if not rank:
        check(state, cases, options.work, 1.0, device)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="unused once WORK/cache exists (prepare.py)")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=90, help="total, counting what a checkpoint has used")
    parser.add_argument("--check-minutes", type=float, default=10)
    parser.add_argument("--phantoms", type=Path, help="folder of npz files made by prepare_phantoms.py")
    parser.add_argument("--network", choices=NETWORKS, default="sub_voxel")
    parser.add_argument("--start", type=Path, help="a bundle's model.pt to take over what fits")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if "WORLD_SIZE" in os.environ:
        together.init_process_group("gloo")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    cache = options.work / "cache"
    pools = {kind: [load_case(p) for p in sorted(cache.glob(f"{kind}_*.npz"))] for kind in ("fit", "background")}
    pools["phantom"] = [load_case(p) for p in sorted(options.phantoms.glob("*.npz"))] if options.phantoms else []
    cases = [load_case(p) for p in sorted(cache.glob("early_stop_*.npz"))]
    state = new_state(options.network, device, options.start)
    if (options.work / "checkpoint.pt").exists():
        restore(state, options.work / "checkpoint.pt")
    print({k: len(v) for k, v in pools.items()}, len(cases), device, state.iteration, flush=True)
    train(state, pools, cases, options, device)


if __name__ == "__main__":
    main()
