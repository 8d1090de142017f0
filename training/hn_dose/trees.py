"""Boosted trees on voxel features: out-of-fold predictions for the network and one model for the bundle.

`python training/hn_dose/trees.py --data D --work W` writes W/trees.pkl and W/cache/NAME_t.npy (dose / top, float16).
"""

from __future__ import annotations

import pickle
import time
from pathlib import Path
from types import ModuleType

import numpy as np
from data import arguments, openkbp
from sklearn.ensemble import HistGradientBoostingRegressor

FOLDS = 3
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


def fit(x: np.ndarray, y: np.ndarray, trees: int, loss: str = "absolute_error") -> HistGradientBoostingRegressor:
    """Trees for the difference between dose and prior."""
    model = HistGradientBoostingRegressor(loss=loss, max_iter=trees, learning_rate=0.06, max_leaf_nodes=600,
                                          min_samples_leaf=30, l2_regularization=5.0, max_features=0.3,
                                          early_stopping=False, random_state=1)
    return model.fit(x, y - x[:, PRIOR])


def predict(model: HistGradientBoostingRegressor, x: np.ndarray) -> np.ndarray:
    return np.clip(x[:, PRIOR] + model.predict(x), 0, 1.2)


def write(work: Path, name: str, model: HistGradientBoostingRegressor) -> None:
    """The prediction of one patient beside its channels."""
    inside = np.load(work / "cache" / f"{name}.npy", mmap_mode="r")[-1] > 0
    out = np.zeros(inside.shape, np.float16)
    x = np.load(work / "cache" / f"{name}_f.npy", mmap_mode="r")[:, :FEATURES]
    out[inside] = predict(model, x.astype(np.float32))
    np.save(work / "cache" / f"{name}_t.npy", out)


def bundled(work: Path, load: ModuleType, x: np.ndarray, y: np.ndarray, trees: int) -> None:
    """The model of all fit patients, and its guess for the others."""
    model = fit(x, y, trees)
    (work / "trees.pkl").write_bytes(pickle.dumps(model))
    for path in load.list_patients("early_stop") + load.list_patients("validation"):
        write(work, path.stem, model)


def out_of_fold(work: Path, names: list[str], x: np.ndarray, y: np.ndarray, who: np.ndarray, trees: int) -> None:
    """Guesses for the fit patients by trees that have not seen them."""
    for fold in range(FOLDS):
        model = fit(x[who % FOLDS != fold], y[who % FOLDS != fold], trees)
        for name in names[fold::FOLDS]:
            write(work, name, model)
        print(f"fold {fold}", flush=True)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--voxels", type=int, default=4000)
    parser.add_argument("--trees", type=int, default=400)
    parser.add_argument("--part", choices=("both", "bundled", "folds"), default="both")
    options = parser.parse_args()
    load, _ = openkbp(options.data)
    names = [p.stem for p in load.list_patients("fit")]
    x, y, who = sample(options.work, names, options.voxels)
    start = time.time()
    if options.part != "folds":
        bundled(options.work, load, x, y, options.trees)
    if options.part != "bundled":
        out_of_fold(options.work, names, x, y, who, options.trees)
    print(f"{x.shape} voxels and features, {time.time() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
