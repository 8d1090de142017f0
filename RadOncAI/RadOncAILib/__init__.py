"""What the three panels share; needs slicer, qt and vtk."""
