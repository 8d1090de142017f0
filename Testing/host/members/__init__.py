"""The members of Slicer, CTK, MRML, VTK and Qt that our modules use, and where each is defined."""
