"""DICOM and image files in and out. Depends on core, pydicom and SimpleITK."""
