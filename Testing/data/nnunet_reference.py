"""Labels by nnU-Net's own predictor, loaded in its own way. Run by the private environment's Python.

    python nnunet_reference.py CASES.json      a list of {stages, folds, mirror, image, spacing, labels}
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor


def main() -> None:
    for case in json.loads(Path(sys.argv[1]).read_text()):
        image, labels = np.load(case["image"]), None
        for folder in case["stages"]:
            predictor = nnUNetPredictor(device=torch.device("cpu"), use_mirroring=case["mirror"], allow_tqdm=False)
            predictor.initialize_from_trained_model_folder(folder, case["folds"], "checkpoint_final.pth")
            before = None if labels is None else labels[None].astype(np.float32)
            labels = predictor.predict_single_npy_array(image, {"spacing": case["spacing"]}, before, None, False)
        np.save(case["labels"], labels)


if __name__ == "__main__":
    main()
