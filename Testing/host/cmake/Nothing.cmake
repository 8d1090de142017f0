# The parts of Slicer's build that make packages have nothing to do here.
