"""What the phantom is made of: a label, a CT number and a grain for each tissue."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

# name, mean HU, SD of its own grain in HU. CT numbers of a contrast-enhanced planning scan, 120 kV.
TISSUES: tuple[tuple[str, float, float], ...] = (
    ("air", -1000, 0),
    ("skin", 5, 10),
    ("sat", -104, 11),
    ("fascia", -62, 10),
    ("fat", -98, 12),
    ("vat", -96, 13),
    ("imat", -82, 16),
    ("muscle", 54, 9),
    ("muscle_fatty", 38, 15),
    ("muscle_wall", 50, 9),
    ("tongue", 48, 22),
    ("mucosa", 48, 12),
    ("brain", 36, 3),
    ("white_matter", 29, 2),
    ("csf", 7, 2),
    ("brainstem", 31, 3),
    ("cord", 36, 4),
    ("thecal", 16, 4),
    ("vitreous", 10, 2),
    ("lens", 62, 4),
    ("eye_wall", 45, 5),
    ("parotid", -5, 24),
    ("submandibular", 62, 12),
    ("thyroid", 122, 12),
    ("node", 46, 8),
    ("tumour", 66, 12),
    ("vessel", 148, 6),
    ("cartilage", 130, 90),
    ("tooth", 2100, 250),
    ("cortical", 1150, 150),
    ("diploe", 520, 160),
    ("mandible_cortical", 1250, 140),
    ("mandible_marrow", 340, 150),
    ("bone", 480, 140),
    ("spongy", 260, 90),
    ("trabecular", 150, 32),
    ("endplate", 330, 40),
    ("disc", 82, 9),
    ("marrow", -15, 30),
    ("lung", -855, 22),
    ("lung_vessel", 25, 20),
    ("airway", -995, 4),
    ("airway_wall", 20, 20),
    ("oesophagus", 38, 10),
    ("heart", 52, 10),
    ("blood", 126, 6),
    ("liver", 88, 8),
    ("spleen", 98, 7),
    ("kidney", 112, 10),
    ("kidney_pelvis", 40, 20),
    ("pancreas", 74, 22),
    ("gallbladder", 10, 4),
    ("gut_wall", 62, 12),
    ("gut_fluid", 18, 10),
    ("gut_gas", -960, 15),
    ("faeces", -60, 110),
    ("bladder", 6, 4),
    ("prostate", 42, 10),
    ("couch_shell", 120, 20),
    ("couch_foam", -930, 10),
)
NAMES = tuple(t[0] for t in TISSUES)
ID = {name: n for n, name in enumerate(NAMES)}
FATS = ("sat", "fascia", "fat", "vat", "imat")
MUSCLES = ("muscle", "muscle_fatty", "muscle_wall")
SOFT = (*FATS, *MUSCLES)
BONES = ("cortical", "diploe", "mandible_cortical", "mandible_marrow", "bone", "spongy", "trabecular", "endplate",
         "marrow", "tooth")


@lru_cache(maxsize=256)
def lookup(names: tuple[str, ...]) -> np.ndarray:
    """Boolean table over label values, true for the named tissues."""
    table = np.zeros(256, bool)
    table[[ID[n] for n in names]] = True
    return table


def hu_table(changes: dict[str, float] | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Mean HU and grain SD by label value; `changes` adds HU to single tissues."""
    mean = np.full(256, -1000, np.float32)
    grain = np.zeros(256, np.float32)
    for name, hu, sd in TISSUES:
        mean[ID[name]] = hu + (changes or {}).get(name, 0.0)
        grain[ID[name]] = sd
    return mean, grain
