"""Boosted trees on voxel features: out-of-fold predictions for the network and one model for the bundle.

`python training/hn_dose/trees.py --data D --work W` writes W/trees.pkl and W/cache/NAME_t.npy (dose / top, float16).
"""

from __future__ import annotations

import pickle
import time
from pathlib import Path

import numpy as np
from data import arguments, openkbp
from sklearn.ensemble import HistGradientBoostingRegressor

FOLDS = 5
PRIOR = 2


def sample(work: Path, names: list[str], n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features, dose / top and patient number of up to n voxels of each patient, inside body and dose mask."""
    rng, x, y, who = np.random.default_rng(seed), [], [], []
    for number, name in enumerate(names):
        c = np.load(work / "cache" / f"{name}.npy", mmap_mode="r")
        inside = np.asarray(c[-1]) > 0
        dose, mask = np.asarray(c[-3])[inside], np.asarray(c[-2])[inside] > 0
        pick = rng.permutation(np.flatnonzero(mask))[:n]
        x.append(np.load(work / "cache" / f"{name}_f.npy", mmap_mode="r")[np.sort(pick)].astype(np.float32))
        y.append(dose[np.sort(pick)].astype(np.float32))
        who.append(np.full(len(y[-1]), number))
    return np.concatenate(x), np.concatenate(y), np.concatenate(who)


def fit(x: np.ndarray, y: np.ndarray, trees: int, loss: str = "absolute_error") -> HistGradientBoostingRegressor:
    """Trees for the difference between dose and prior."""
    model = HistGradientBoostingRegressor(loss=loss, max_iter=trees, learning_rate=0.08, max_leaf_nodes=48,
                                          min_samples_leaf=100, l2_regularization=1.0, max_features=0.5,
                                          early_stopping=False, random_state=0)
    return model.fit(x, y - x[:, PRIOR])


def predict(model: HistGradientBoostingRegressor, x: np.ndarray) -> np.ndarray:
    return np.clip(x[:, PRIOR] + model.predict(x), 0, 1.2)


def write(work: Path, name: str, model: HistGradientBoostingRegressor) -> None:
    """The prediction of one patient beside its channels."""
    inside = np.load(work / "cache" / f"{name}.npy", mmap_mode="r")[-1] > 0
    out = np.zeros(inside.shape, np.float16)
    out[inside] = predict(model, np.load(work / "cache" / f"{name}_f.npy").astype(np.float32))
    np.save(work / "cache" / f"{name}_t.npy", out)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--voxels", type=int, default=4000)
    parser.add_argument("--trees", type=int, default=300)
    options = parser.parse_args()
    load, _ = openkbp(options.data)
    names = [p.stem for p in load.list_patients("fit")]
    x, y, who = sample(options.work, names, options.voxels)
    start = time.time()
    model = fit(x, y, options.trees)
    (options.work / "trees.pkl").write_bytes(pickle.dumps(model))
    print(f"{x.shape} voxels and features, {time.time() - start:.0f} s", flush=True)
    for path in load.list_patients("early_stop") + load.list_patients("validation"):
        write(options.work, path.stem, model)
    for fold in range(FOLDS):
        model = fit(x[who % FOLDS != fold], y[who % FOLDS != fold], options.trees)
        for name in names[fold::FOLDS]:
            write(options.work, name, model)
        print(f"fold {fold}, {time.time() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
