"""Label maps, mask folders, probability maps and DICOM SEG."""
