"""Make the small nnU-Net models in Testing/data/models: planned, preprocessed and trained by nnU-Net itself.

    python Testing/data/make_nnunet.py                draws the patients, then trains in the private environment
    python Testing/data/make_nnunet.py --train DIR    what the private environment's Python is told to do

Networks of 4, 8 and 16 features; the optimiser's state is dropped. The committed models came from these steps by hand,
with fewer epochs and left-right mirroring set in the checkpoints afterwards; another run gives other weights.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

MODELS = Path(__file__).parent / "models"
ORGANS = ("Brainstem", "SpinalCord", "Parotid_L", "Parotid_R", "Bone_Mandible")
SPACING = (4.0, 4.0, 4.0)
CASES = 6
ITERATIONS, EPOCHS, MORE_EPOCHS = 40, 8, 2
FEATURES = [4, 8, 16]
STRIDES = [[1, 1, 1], [2, 2, 2], [2, 2, 2]]
PATCH = [32, 48, 48]


def draw_variants(raw: Path) -> None:
    """Dataset 901: random heads, one CT channel, organs that exclude each other."""
    from radoncai.phantom.patient import head_and_neck_variant

    for number in range(CASES):
        variant = head_and_neck_variant(np.random.default_rng(number), SPACING)
        label = np.zeros(variant.hu.shape, np.uint8)
        for value, name in enumerate(ORGANS, 1):
            label[variant.masks[name]] = value
        middle = variant.hu.shape[2] // 2
        part = np.s_[:, :, middle - 30:middle + 30]
        write_case(raw, number, [variant.hu[part]], label[part])
    labels = {"background": 0} | {name: value for value, name in enumerate(ORGANS, 1)}
    write_dataset(raw, {"0": "CT"}, labels, {})


def draw_pairs(raw: Path) -> None:
    """Dataset 902: the sample patient's head on CT and MR, regions that overlap."""
    from drawn_mr import OTHER, SIGNAL

    from radoncai.phantom.patient import sample_patient
    from radoncai.phantom.tissue import TISSUES

    changes = {name: SIGNAL.get(name, OTHER) - hu for name, hu, _ in TISSUES}
    for number in range(3):
        about = {"seed": number, "spacing_mm": SPACING, "z_range_mm": (-90.0, 60.0)}
        ct, mr = sample_patient(**about), sample_patient(**about, hu_changes=changes)
        label = np.zeros(ct.ct.array.shape, np.uint8)
        for value, name in enumerate(("Parotid_L", "Parotid_R", "Bone_Mandible"), 1):
            label[ct.truth.find(name).full(label.shape)] = value
        part = np.s_[:, 25:95, 30:90]
        write_case(raw, number, [ct.ct.array[part], np.maximum(mr.ct.array, 0)[part]], label[part])
    regions = {"background": 0, "Parotids": [1, 2], "Parotid_R": [2], "Bone_Mandible": [3]}
    write_dataset(raw, {"0": "CT", "1": "MR"}, regions, {"regions_class_order": [1, 2, 3]})


def write_case(raw: Path, number: int, channels: list[np.ndarray], label: np.ndarray) -> None:
    import SimpleITK as sitk

    named = [(f"imagesTr/case_{number}_{c:04d}.nii.gz", array.astype(np.int16)) for c, array in enumerate(channels)]
    for name, array in [*named, (f"labelsTr/case_{number}.nii.gz", label)]:
        image = sitk.GetImageFromArray(np.ascontiguousarray(array))
        image.SetSpacing(SPACING[::-1])
        (raw / name).parent.mkdir(parents=True, exist_ok=True)
        sitk.WriteImage(image, str(raw / name), useCompression=True)


def write_dataset(raw: Path, channels: dict[str, str], labels: dict[str, object], more: dict[str, object]) -> None:
    content = {"channel_names": channels, "labels": labels, "file_ending": ".nii.gz",
               "numTraining": len(list((raw / "labelsTr").iterdir())), **more}
    (raw / "dataset.json").write_text(json.dumps(content, indent=1))


def train_all(folder: Path) -> None:
    """Inside the private environment: plan, preprocess, train, and copy what a user would be given."""
    import torch
    from nnunetv2.experiment_planning.plan_and_preprocess_api import extract_fingerprints, plan_experiments, preprocess

    torch.set_num_threads(1)
    extract_fingerprints([901, 902], num_processes=1)
    plan_experiments([901, 902])
    for number, configurations in ((901, ["3d_fullres", "3d_lowres"]), (902, ["2d"])):
        plans_file = next((folder / "preprocessed").glob(f"Dataset{number}_*/nnUNetPlans.json"))
        plans = small(json.loads(plans_file.read_text()))
        plans_file.write_text(json.dumps(plans))
        preprocess([number], configurations=configurations, num_processes=[1] * len(configurations))
    train_networks(folder)


def train_networks(folder: Path) -> None:
    train(folder, 901, "3d_fullres", 0, EPOCHS)
    first = trained(folder, 901, "3d_fullres") / "fold_0" / "checkpoint_final.pth"
    train(folder, 901, "3d_fullres", 1, MORE_EPOCHS, first)
    train(folder, 901, "3d_lowres", 0, MORE_EPOCHS, first)
    predict_next_stage(folder)
    train(folder, 901, "3d_cascade_fullres", 0, MORE_EPOCHS, first)
    train(folder, 902, "2d", "all", EPOCHS)


def small(plans: dict) -> dict:
    """The planner's plans with tiny networks, and a cascade, which it plans for bigger images only."""
    configurations = plans["configurations"]
    for name in ("2d", "3d_fullres"):
        axes = slice(1, None) if name == "2d" else slice(None)
        configurations[name]["patch_size"] = [64, 64] if name == "2d" else PATCH
        configurations[name]["batch_size"] = 8 if name == "2d" else 2
        network = configurations[name]["architecture"]["arch_kwargs"]
        kernel = [3, 3] if name == "2d" else [3, 3, 3]
        network |= {"n_stages": 3, "features_per_stage": FEATURES, "kernel_sizes": [kernel] * 3,
                    "strides": [s[axes] for s in STRIDES], "n_conv_per_stage": [2, 2, 2],
                    "n_conv_per_stage_decoder": [2, 2]}
    full = configurations["3d_fullres"]
    low = json.loads(json.dumps(full))
    low |= {"data_identifier": "nnUNetPlans_3d_lowres", "spacing": [8.0, 8.0, 8.0], "patch_size": [24, 24, 24],
            "next_stage": "3d_cascade_fullres"}
    configurations["3d_lowres"] = low
    configurations["3d_cascade_fullres"] = {"inherits_from": "3d_fullres", "previous_stage": "3d_lowres"}
    return plans


def trained(folder: Path, number: int, configuration: str) -> Path:
    dataset = next((folder / "results").glob(f"Dataset{number}_*"))
    return dataset / f"nnUNetTrainer__nnUNetPlans__{configuration}"


def train(folder: Path, number: int, configuration: str, fold: int | str, epochs: int,
          start: Path | None = None) -> None:
    """With nnU-Net's trainer, from another network's weights (where they fit) to save time."""
    import torch

    prepared = next((folder / "preprocessed").glob(f"Dataset{number}_*"))
    plans = json.loads((prepared / "nnUNetPlans.json").read_text())
    dataset = json.loads((prepared / "dataset.json").read_text())
    torch.manual_seed(fold if isinstance(fold, int) else 0)
    trainer = quick_trainer()({**plans, "continue_training": False}, configuration, fold, dataset, torch.device("cpu"))
    trainer.num_epochs, trainer.num_iterations_per_epoch, trainer.num_val_iterations_per_epoch = epochs, ITERATIONS, 2
    trainer.initialize()
    if start:
        own = trainer.network.state_dict()
        given = torch.load(start, weights_only=False)["network_weights"]
        own |= {k: v for k, v in given.items() if k in own and v.shape == own[k].shape}
        trainer.network.load_state_dict(own)
    trainer.run_training()


def quick_trainer() -> type:
    """nnU-Net's usual trainer without augmentation, with AdamW, which tiny networks need to learn in a minute, and to
    be mirrored left to right only, as heads may be."""
    import torch
    from nnunetv2.training.lr_scheduler.polylr import PolyLRScheduler
    from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer as Usual

    class nnUNetTrainer(Usual):
        @staticmethod
        def get_training_transforms(patch, rotation, scales, axes, flat, use_mask_for_norm=None, *rest, **more):
            return Usual.get_validation_transforms(scales, *rest, **more)

        def configure_rotation_dummyDA_mirroring_and_inital_patch_size(self):
            rotation, flat, *_ = super().configure_rotation_dummyDA_mirroring_and_inital_patch_size()
            patch = self.configuration_manager.patch_size
            axes = self.inference_allowed_mirroring_axes = (len(patch) - 1,)
            return rotation, flat, patch, axes

        def configure_optimizers(self):
            optimiser = torch.optim.AdamW(self.network.parameters(), 5e-3)
            return optimiser, PolyLRScheduler(optimiser, 5e-3, self.num_epochs)

    return nnUNetTrainer


def predict_next_stage(folder: Path) -> None:
    """What the first stage says of its training cases, where the second stage looks for it."""
    import torch
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
    from nnunetv2.training.dataloading.nnunet_dataset import nnUNetDatasetBlosc2

    first = trained(folder, 901, "3d_lowres")
    predictor = nnUNetPredictor(device=torch.device("cpu"), use_mirroring=False)
    predictor.initialize_from_trained_model_folder(str(first), (0,), "checkpoint_final.pth")
    target = first / "predicted_next_stage" / "3d_cascade_fullres"
    target.mkdir(parents=True)
    stages = folder / "preprocessed" / "Dataset901_Heads"
    low = nnUNetDatasetBlosc2(str(stages / "nnUNetPlans_3d_lowres"))
    full = nnUNetDatasetBlosc2(str(stages / "nnUNetPlans_3d_fullres"))
    for case in low.identifiers:
        data = torch.from_numpy(np.asarray(low.load_case(case)[0][:]))
        logits = predictor.predict_logits_from_preprocessed_data(data)
        shape = full.load_case(case)[0].shape[1:]
        resized = torch.nn.functional.interpolate(logits[None].float(), tuple(shape), mode="trilinear")[0]
        nnUNetDatasetBlosc2.save_seg(resized.argmax(0).numpy().astype(np.uint8), str(target / case))


def keep(folder: Path, number: int, configuration: str, name: str, folds: tuple[int | str, ...]) -> None:
    """Plans, dataset and checkpoints without the optimiser, as nnU-Net lays them out."""
    import torch

    source = trained(folder, number, configuration)
    target = MODELS / name / source.name

    target.mkdir(parents=True, exist_ok=True)
    for name in ("plans.json", "dataset.json"):
        shutil.copyfile(source / name, target / name)
    for fold in folds:
        content = torch.load(source / f"fold_{fold}" / "checkpoint_final.pth", weights_only=False)
        content["optimizer_state"] = {}
        (target / f"fold_{fold}").mkdir(exist_ok=True)
        torch.save(content, target / f"fold_{fold}" / "checkpoint_final.pth")


def keep_all(folder: Path) -> None:
    keep(folder, 901, "3d_fullres", "nnunet_3d", (0, 1))
    for configuration in ("3d_lowres", "3d_cascade_fullres"):
        keep(folder, 901, configuration, "nnunet_cascade", (0,))
    keep(folder, 902, "2d", "nnunet_2d", ("all",))


def write_model(folder: Path) -> None:
    """model.json and card.json as an installation writes them."""
    from radoncai.models.runners.nnunet import describe
    from radoncai.models.weights import sha256

    content = describe(folder)
    card = {"title": content["title"], "licence": "Apache-2.0", **content.pop("card")}
    weights = {name: sha256(folder / name) for name in content["weights"]}
    content |= {"name": folder.name, "licence": "Apache-2.0", "weights": weights}
    for name, part in (("model.json", content), ("card.json", card)):
        (folder / name).write_text(json.dumps(part, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=Path, metavar="DIR")
    args = parser.parse_args()
    if args.train:
        train_all(args.train)
        keep_all(args.train)
        return
    from radoncai.models.install.environments import environment, variables

    private = environment("nnunet")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        draw_variants(folder / "raw" / "Dataset901_Heads")
        draw_pairs(folder / "raw" / "Dataset902_Pairs")
        more = {f"nnUNet_{name}": str(folder / name) for name in ("raw", "preprocessed", "results")}
        more |= {"nnUNet_n_proc_DA": "0", "nnUNet_compile": "f", "OMP_NUM_THREADS": "1"}
        command = [str(private.python), __file__, "--train", str(folder)]
        subprocess.run(command, env=variables(private) | more, check=True)
    for name in ("nnunet_3d", "nnunet_cascade", "nnunet_2d"):
        write_model(MODELS / name)


if __name__ == "__main__":
    sys.exit(main())
