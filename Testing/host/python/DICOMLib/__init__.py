"""Slicer's DICOMLib, as far as panels use it."""
