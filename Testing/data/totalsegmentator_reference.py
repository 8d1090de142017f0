"""Labels by TotalSegmentator's own function, called plainly. Run by its environment's Python.

    python totalsegmentator_reference.py TASK IMAGE.nii.gz LABELS.npy
"""

import sys

import nibabel
import numpy as np
from totalsegmentator.python_api import totalsegmentator

if __name__ == "__main__":
    image = nibabel.load(sys.argv[2])
    done = totalsegmentator(image, None, ml=True, fast=True, task=sys.argv[1], device="cpu", quiet=True)
    np.save(sys.argv[3], np.asarray(done.dataobj))
