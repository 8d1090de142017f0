"""Boosted trees on voxel features: two for the choices (fit), two for the bundle (all), out-of-fold guesses (folds).

`python training/hn_dose/trees.py --data D --work W` writes W/trees_*.pkl and W/cache/NAME_t.npy (dose / top, float16).
"""

from __future__ import annotations

import pickle
from pathlib import Path
from types import ModuleType

import numpy as np
from data import arguments, openkbp
from sklearn.ensemble import HistGradientBoostingRegressor

FOLDS = 3
SEEDS = (0, 1)
FEATURES = 30
PRIOR = 2


def sample(work: Path, names: list[str], n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features, dose / top and patient number of up to n voxels of each patient, inside body and dose mask."""
    rng, x, y, who = np.random.default_rng(seed), [], [], []
    for number, name in enumerate(names):
        c = np.load(work / "cache" / f"{name}.npy", mmap_mode="r")
        inside = np.asarray(c[-1]) > 0
        dose, mask = np.asarray(c[-3])[inside], np.asarray(c[-2])[inside] > 0
        pick = rng.permutation(np.flatnonzero(mask))[:n]
        x.append(np.load(work / "cache" / f"{name}_f.npy", mmap_mode="r")[np.sort(pick), :FEATURES].astype(np.float32))
        y.append(dose[np.sort(pick)].astype(np.float32))
        who.append(np.full(len(y[-1]), number))
    return np.concatenate(x), np.concatenate(y), np.concatenate(who)


def fit(x: np.ndarray, y: np.ndarray, trees: int, seed: int = 1) -> HistGradientBoostingRegressor:
    """Trees for the difference between dose and prior."""
    model = HistGradientBoostingRegressor(loss="absolute_error", max_iter=trees, learning_rate=0.06, max_leaf_nodes=600,
                                          min_samples_leaf=40, l2_regularization=5.0, max_features=0.3,
                                          early_stopping=False, random_state=seed)
    return model.fit(x, y - x[:, PRIOR])


def predict(models: list[HistGradientBoostingRegressor], x: np.ndarray) -> np.ndarray:
    """The mean of several models."""
    return np.mean([np.clip(x[:, PRIOR] + m.predict(x), 0, 1.2) for m in models], 0)


def write(work: Path, name: str, models: list[HistGradientBoostingRegressor]) -> None:
    """The prediction of one patient beside its channels."""
    inside = np.load(work / "cache" / f"{name}.npy", mmap_mode="r")[-1] > 0
    out = np.zeros(inside.shape, np.float16)
    x = np.load(work / "cache" / f"{name}_f.npy", mmap_mode="r")[:, :FEATURES]
    out[inside] = predict(models, x.astype(np.float32))
    np.save(work / "cache" / f"{name}_t.npy", out)


def stored(work: Path, of: str) -> list[HistGradientBoostingRegressor]:
    """The models fitted on the patients `of` fit, or all (fit and early_stop)."""
    return [pickle.loads((work / f"trees_{of}_{seed}.pkl").read_bytes()) for seed in SEEDS]


def train(work: Path, of: str, names: list[str], voxels: int, trees: int) -> None:
    """Two models on different voxels with different seeds."""
    for seed in SEEDS:
        x, y, _ = sample(work, names, voxels, seed)
        (work / f"trees_{of}_{seed}.pkl").write_bytes(pickle.dumps(fit(x, y, trees, seed)))
        print(f"{of} {seed}: {x.shape} voxels and features", flush=True)


def write_guesses(work: Path, load: ModuleType) -> None:
    """Early-stop patients by models that have not seen them, validation patients by those of the bundle."""
    for split, of in (("early_stop", "fit"), ("validation", "all")):
        models = stored(work, of)
        for path in load.list_patients(split):
            write(work, path.stem, models)


def out_of_fold(work: Path, names: list[str], voxels: int, trees: int) -> None:
    """Guesses for the fit patients by trees that have not seen them."""
    x, y, who = sample(work, names, voxels)
    for fold in range(FOLDS):
        model = fit(x[who % FOLDS != fold], y[who % FOLDS != fold], trees)
        for name in names[fold::FOLDS]:
            write(work, name, [model])
        print(f"fold {fold}", flush=True)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--voxels", type=int, default=4000)
    parser.add_argument("--trees", type=int, default=400)
    parser.add_argument("--parts", default="fit,all,guesses", help="of fit, all, guesses, folds (for a network on top)")
    options = parser.parse_args()
    load, _ = openkbp(options.data)
    names = {of: [p.stem for s in splits for p in load.list_patients(s)]
             for of, splits in (("fit", ["fit"]), ("all", ["fit", "early_stop"]))}
    parts = options.parts.split(",")
    for of in (of for of in names if of in parts):
        train(options.work, of, names[of], options.voxels, options.trees)
    if "guesses" in parts:
        write_guesses(options.work, load)
    if "folds" in parts:
        out_of_fold(options.work, names["fit"], options.voxels, options.trees)


if __name__ == "__main__":
    main()
