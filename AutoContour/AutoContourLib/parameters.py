"""What the panel remembers in the scene."""

import slicer
from slicer.parameterNodeWrapper import parameterNodeWrapper


@parameterNodeWrapper
class AutoContourParameters:
    """`left_out` names the structures of the model that shall not be contoured; `model` may be a preset too."""

    volume: slicer.vtkMRMLScalarVolumeNode
    contours: slicer.vtkMRMLSegmentationNode
    model: str
    left_out: list[str]
    device: str = "auto"
    flips: bool = False
    uncertainty: bool = False
