"""The bundled models: whole, small, honest in their titles, and the same in both runtimes."""

import json
import pickletools
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from radoncai.core.dose import Prescription
from radoncai.core.resources import resources
from radoncai.models.catalogue import read_folder, verify

FOLDERS = sorted(p.parent for p in (resources() / "Models").glob("*/model.json"))
BOTH = [p for p in FOLDERS if (p / "model.onnx").is_file() and (p / "model.pt").is_file()]
KEYS = {"name", "version", "title", "task", "runner", "modality", "sites", "inputs", "outputs", "spacing_mm", "patch",
        "orientation", "weights", "network", "applicability", "memory_mb", "licence"}
KINDS = {".json", ".onnx", ".pt", ".txt", ".md", ".csv", ".png"}
LARGEST_MB, ALL_MB = 16, 60
IN_A_STATE_DICT = ("torch._utils _rebuild_tensor", "collections OrderedDict", "torch HalfStorage", "torch FloatStorage",
                   "torch LongStorage")
# lowest Dice between two human readers: Nikolov's validation scans; McCall 2016 for oesophagus and lungs
TWO_READERS = {"Brainstem": 0.835, "SpinalCord": 0.77, "Parotid_L": 0.77, "Parotid_R": 0.77, "Bone_Mandible": 0.92,
               "Esophagus": 0.74, "Lung_L": 0.95, "Lung_R": 0.95}
TARGETS = {"PTV_7000": 70.0, "PTV_5600": 56.0}


def named(folder: Path) -> str:
    return folder.name


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_nothing_is_missing_and_hashes_are_right(folder):
    content = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    assert KEYS - set(content) == set()
    assert content["patch"] is None or "overlap" in content
    assert content["name"] == folder.name
    assert verify(read_folder(folder)) == []


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_the_card_says_how_good_the_model_is_and_on_what(folder):
    for metric in read_folder(folder).card["metrics"]:
        assert {"metric", "value", "n", "data"} <= set(metric), metric
        assert metric["n"] > 0 and metric["data"]


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_no_weights_file_is_large(folder):
    for name in read_folder(folder).model.weights:
        assert (folder / name).stat().st_size < LARGEST_MB * 1e6, name


def test_all_bundles_together_are_small():
    assert sum(p.stat().st_size for folder in FOLDERS for p in folder.rglob("*") if p.is_file()) < ALL_MB * 1e6


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_there_is_nothing_that_runs_code_when_it_is_opened(folder):
    assert {p.suffix for p in folder.rglob("*") if p.is_file()} <= KINDS
    for path in folder.glob("*.pt"):
        assert [c for c in called_by(path) if not c.startswith(IN_A_STATE_DICT)] == []


def called_by(path: Path) -> set[str]:
    """What the pickle inside a torch file names, read without running it."""
    with zipfile.ZipFile(path) as archive:
        pickles = [archive.read(n) for n in archive.namelist() if n.endswith(".pkl")]
    assert len(pickles) == 1
    operations = list(pickletools.genops(pickles[0]))
    assert "STACK_GLOBAL" not in {o.name for o, _, _ in operations}
    return {argument for o, argument, _ in operations if o.name in ("GLOBAL", "INST")}


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_a_model_below_human_readers_is_called_experimental(folder):
    model = read_folder(folder)
    if model.model.weights and not reaches_readers(model.card["metrics"]):
        assert "experimental" in model.title


def reaches_readers(metrics: list[dict]) -> bool:
    """True where there are Dice figures on patients and none lies below two readers; unknown is not good."""
    on_patients = [m for m in metrics if "drawn" not in m["data"].lower() and "phantom" not in m["data"].lower()]
    found = [(m["structure"], m["value"]) for m in on_patients if m["metric"].lower() == "dice"]
    judged = [value >= TWO_READERS[name] for name, value in found if name in TWO_READERS]
    return bool(judged) and all(judged)


def in_both(folder: Path) -> tuple:
    """The bundle as onnxruntime and as torch runs it."""
    pytest.importorskip("torch", reason="torch is not installed")
    model = read_folder(folder)
    return tuple(replace(model, model=replace(model.model, runner=kind)) for kind in ("onnx", "torch"))


def bundles(task: str) -> list[Path]:
    return [p for p in BOTH if read_folder(p).model.task == task]


@pytest.fixture(scope="module")
def neck():
    """Skull base to shoulders of the sample patient, coarse."""
    from radoncai.phantom.patient import sample_patient
    return sample_patient(spacing_mm=(5.0, 5.0, 5.0), z_range_mm=(-195.0, 65.0))


def same_masks(first: np.ndarray, second: np.ndarray, voxel_cc: float, name: str) -> None:
    """Dice at least 0.995 where the structure has 1 cc or more."""
    if second.sum() * voxel_cc >= 1.0:
        assert 2 * (first & second).sum() / (first.sum() + second.sum()) >= 0.995, name


@pytest.mark.slow
@pytest.mark.parametrize("folder", bundles("contour"), ids=named)
def test_contours_are_the_same_in_both_runtimes(folder, neck):
    from radoncai.contour.job import contour
    models = in_both(folder)
    k, j, i = neck.ct.grid.shape
    ct = neck.ct.crop((slice(13, k), slice(j // 2 - 24, j // 2 + 24), slice(i // 2 - 29, i // 2 + 29)))
    results = [contour(ct, model, device="cpu", override=True).structures for model in models]
    masks = [{s.name: s.full(ct.grid.shape) for s in result} for result in results]
    assert masks[0] or not masks[1]
    assert set(masks[0]) == set(masks[1])
    for name, mask in masks[0].items():
        same_masks(mask, masks[1][name], ct.grid.voxel_cc, name)
    differ = np.any([mask != masks[1][name] for name, mask in masks[0].items()], axis=0).sum()
    labelled = np.any(list(masks[1].values()), axis=0).sum()
    assert differ <= 0.001 * labelled


@pytest.mark.slow
@pytest.mark.parametrize("folder", bundles("dose"), ids=named)
def test_the_dose_is_the_same_in_both_runtimes(folder, neck):
    from radoncai.dose.job import predict_dose
    models = in_both(folder)
    first, second = (predict_dose(neck.ct, neck.truth, Prescription(TARGETS, 35), model, device="cpu", override=True)
                     .dose.volume.array for model in models)
    assert second.max() > 60
    apart = np.abs(first - second)[second > 0]
    assert apart.mean() < 0.05
    assert np.percentile(apart, 99.9) < 0.5


@pytest.mark.slow
@pytest.mark.parametrize("folder", bundles("tissue"), ids=named)
def test_tissue_is_the_same_in_both_runtimes(folder):
    from radoncai.bodycomp.job import measure_l3
    from radoncai.phantom.patient import sample_patient
    models = in_both(folder)
    phantom = sample_patient(spacing_mm=(5.0, 2.0, 2.0), z_range_mm=(-500.0, -485.0))
    first, second = (measure_l3(phantom.ct, model, level_mm=phantom.vertebrae["L3"], device="cpu")
                     .measured.tissue for model in models)
    labels = np.unique(second.array[second.array > 0])
    assert len(labels) >= 4
    assert (first.array != second.array).sum() <= 0.001 * (second.array > 0).sum()
    for label in labels:
        same_masks(first.array == label, second.array == label, second.grid.voxel_cc, f"tissue {label}")
