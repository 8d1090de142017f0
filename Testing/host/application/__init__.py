"""slicer.app, slicer.modules, slicer.mrmlScene."""
