"""MRML nodes on one side, requests and results of the worker on the other. Needs slicer, vtk and numpy; no Qt."""
