"""DICOM and image files in and out. Depends on core, pydicom and SimpleITK."""

import logging
import warnings

# What is odd in other people's files is said in our own sentences, once; pydicom repeats it for each value.
logging.getLogger("pydicom").propagate = False  # its level would not stay: importing pydicom sets it anew
logging.getLogger("pydicom").addHandler(logging.NullHandler())
warnings.filterwarnings("ignore", category=UserWarning, module=r"pydicom\.")
