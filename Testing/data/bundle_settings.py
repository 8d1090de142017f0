"""Metadata and settings of the test's MONAI bundles, as people write them: imports, globs, handlers, an evaluator."""

from __future__ import annotations

from typing import Any

Settings = tuple[dict[str, Any], dict[str, Any]]
CT_RANGE = {"a_min": -1000, "a_max": 1000, "b_min": -1.0, "b_max": 1.0, "clip": True}


def one_image(names: tuple[str, ...], spacing: tuple[float, ...], patch: tuple[int, ...], network: dict) -> Settings:
    """One CT, axes along S, P, L as the network was trained."""
    before = [
        step("LoadImaged", keys="@image_key", image_only=True),
        step("EnsureChannelFirstd", keys="@image_key"),
        step("Orientationd", keys="@image_key", axcodes="SPL"),
        step("Spacingd", keys="@image_key", pixdim="@spacing", mode="bilinear"),
        step("ScaleIntensityRanged", keys="@image_key", **CT_RANGE),
        step("EnsureTyped", keys="@image_key", device="@device"),
    ]
    data = "$[{'image': p} for p in sorted(glob.glob(os.path.join(@dataset_dir, '*.nii.gz')))]"
    settings = {"image_key": "image", "spacing": list(spacing), **common(patch, network, before, data, "image")}
    return metadata("Chest test bundle", names, {"0": "CT"}, "CT"), settings


def two_images(names: tuple[str, ...], spacing: tuple[float, ...], patch: tuple[int, ...], network: dict) -> Settings:
    """CT and MR of one patient, each on its own grid; axes along R, A, S."""
    before = [
        step("LoadImaged", keys=["ct", "mr"], image_only=True),
        step("EnsureChannelFirstd", keys=["ct", "mr"]),
        step("Orientationd", keys="ct", axcodes="RAS"),
        step("Spacingd", keys="ct", pixdim=list(spacing[::-1]), mode="bilinear"),
        step("ResampleToMatchd", keys="mr", key_dst="ct", mode="bilinear", padding_mode="zeros"),
        step("ScaleIntensityRanged", keys="ct", **CT_RANGE),
        step("ScaleIntensityRanged", keys="mr", a_min=0, a_max="$2 * @half_signal", b_min=0.0, b_max=1.0),
        step("ConcatItemsd", keys=["ct", "mr"], name="image"),
        step("EnsureTyped", keys="image", device="@device"),
    ]
    data = "$[{'ct': p, 'mr': p.replace('ct', 'mr')} for p in sorted(glob.glob(@dataset_dir + '/ct*.nii.gz'))]"
    settings = {"half_signal": 500, **common(patch, network, before, data, "ct")}
    return metadata("Head CT and MR test bundle", names, {"0": "CT", "1": "MR"}, "CT, MR"), settings


def common(patch: tuple[int, ...], network: dict, before: list, data: str, original: str) -> dict[str, Any]:
    return {
        "imports": ["$import glob", "$import os"],
        "bundle_root": ".",
        "dataset_dir": "$@bundle_root + '/data'",
        "output_dir": "$@bundle_root + '/eval'",
        "device": "$torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')",
        "network_def": step("UNet", **network),
        "network": "$@network_def.to(@device)",
        "preprocessing": step("Compose", transforms=before),
        "dataset": step("Dataset", data=data, transform="@preprocessing"),
        "dataloader": step("DataLoader", dataset="@dataset", batch_size=1, shuffle=False, num_workers=0),
        "inferer": step("SlidingWindowInferer", roi_size=list(patch), sw_batch_size=2, overlap=0.5, mode="gaussian"),
        "postprocessing": step("Compose", transforms=[
            step("Activationsd", keys="pred", softmax=True),
            step("Invertd", keys="pred", transform="@preprocessing", orig_keys=original, nearest_interp=False,
                 to_tensor=True),
            step("AsDiscreted", keys="pred", argmax=True),
            step("SaveImaged", keys="pred", output_dir="@output_dir", resample=False),
        ]),
        "handlers": [step("CheckpointLoader", load_path="$@bundle_root + '/models/model.pt'",
                          load_dict={"model": "@network"})],
        "evaluator": step("SupervisedEvaluator", device="@device", val_data_loader="@dataloader", network="@network",
                          inferer="@inferer", postprocessing="@postprocessing", val_handlers="@handlers"),
        "run": ["$@evaluator.run()"],
    }


def step(target: str, **arguments: Any) -> dict[str, Any]:
    return {"_target_": target, **arguments}


def metadata(name: str, names: tuple[str, ...], channels: dict[str, str], modality: str) -> dict[str, Any]:
    labels = {"0": "background"} | {str(n): label for n, label in enumerate(names, 1)}
    return {
        "schema": "https://github.com/Project-MONAI/MONAI-extra-test-data/releases/download/0.8.1/"
                  "meta_schema_20220324.json",
        "version": "0.1.0", "changelog": {"0.1.0": "first"}, "monai_version": "1.6.1", "pytorch_version": "2.13.0",
        "numpy_version": "2.4.6", "name": name, "task": "Organs of a drawn patient",
        "description": "A small U-Net for tests.", "authors": "The RadOncAI developers", "copyright": "Apache-2.0",
        "intended_use": "Tests of this program.", "data_source": "The drawn sample patient.",
        "network_data_format": {
            "inputs": {"image": {"type": "image", "format": "hounsfield", "modality": modality,
                                 "num_channels": len(channels), "spatial_shape": ["*", "*", "*"],
                                 "dtype": "float32", "value_range": [-1, 1], "is_patch_data": True,
                                 "channel_def": channels}},
            "outputs": {"pred": {"type": "image", "format": "segmentation", "num_channels": len(labels),
                                 "spatial_shape": ["*", "*", "*"], "dtype": "float32", "value_range": [0, 1],
                                 "is_patch_data": True, "channel_def": labels}}},
    }
