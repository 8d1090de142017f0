"""What the panel remembers in the scene."""

import slicer
from slicer.parameterNodeWrapper import parameterNodeWrapper


@parameterNodeWrapper
class DosePredictParameters:
    """`prescription` holds NAME=GY, `confirmed` NAME=CHANNEL; `prescribed` is the node they were made for.

    `dose` is the dose whose goals are shown, `reference` the one whose DVH is drawn beside it.
    """

    volume: slicer.vtkMRMLScalarVolumeNode
    structures: slicer.vtkMRMLSegmentationNode
    prescribed: slicer.vtkMRMLSegmentationNode
    dose: slicer.vtkMRMLScalarVolumeNode
    reference: slicer.vtkMRMLScalarVolumeNode
    prescription: list[str]
    confirmed: list[str]
    fractions: int = 35
    model: str
    goals: str = "openkbp_hn"
    device: str = "auto"
