"""Write Resources/Templates/totalsegmentator*.csv from the installed TotalSegmentator; run by its environment's Python.

TG-263 names in the present file are kept: people choose them.
"""

import csv
from pathlib import Path

from totalsegmentator.map_tasks_config import TASK_CONFIGS, TASK_ID_WEIGHTS_CONFIGS
from totalsegmentator.registry import TASKS, get_task_classes, requires_license, task_modality

TEMPLATES = Path(__file__).parents[2] / "Resources" / "Templates"
# what is only for its makers, was replaced, or has no weights that anybody can get
LEFT_OUT = {"test", "total_highres_test", "lung_vessels_LEGACY", "coronary_arteries_LEGACY"}
BODY = {"body_trunc", "body_extremities"}


def weights(number) -> str:
    return TASK_ID_WEIGHTS_CONFIGS[number]["foldername"]


def rough(task: str, config: dict) -> str:
    """The weights that find the region first, as python_api.totalsegmentator chooses them."""
    crop = set(config.get("crop") or ())
    if config.get("crop_model"):
        other = TASK_CONFIGS[config["crop_model"]]
        return f"{weights(other['task_id'])} {rough(config['crop_model'], other)}".strip()
    if task.endswith("_mr"):
        return weights(852) if crop else ""
    if not crop:
        return weights(305) if task == "vertebrae_pp_refined" else ""
    return weights(300 if crop & BODY else 297 if config.get("robust_crop") else 298)


def main() -> None:
    names = TEMPLATES / "totalsegmentator.csv"
    kept = {}
    if names.is_file():
        with names.open(newline="") as file:
            kept = {(row["task"], row["class"]): row["name"] for row in csv.DictReader(file)}
    with names.open("w", newline="") as file, (TEMPLATES / "totalsegmentator_tasks.csv").open("w", newline="") as other:
        classes, tasks = csv.writer(file, lineterminator="\n"), csv.writer(other, lineterminator="\n")
        classes.writerow(["task", "label", "class", "name"])
        tasks.writerow(["task", "mode", "modality", "licence", "weights", "rough_weights", "release"])
        for task in [t for t in TASKS if t not in LEFT_OUT]:
            for label, name in get_task_classes(task).items():
                classes.writerow([task, label, name, kept.get((task, name), "")])
            config = TASK_CONFIGS[task]
            for mode, sub in config.get("sub_modes", {"default": config}).items():
                numbers = sub["task_id"] if isinstance(sub["task_id"], list) else [sub["task_id"]]
                tasks.writerow([task, mode, task_modality(task), "number" if requires_license(task) else "open",
                                " ".join(weights(n) for n in numbers), rough(task, config),
                                TASK_ID_WEIGHTS_CONFIGS[numbers[0]].get("version", "")])


if __name__ == "__main__":
    main()
