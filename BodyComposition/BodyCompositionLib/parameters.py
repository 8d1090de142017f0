"""What the panel remembers in the scene."""

import slicer
from slicer.parameterNodeWrapper import parameterNodeWrapper


@parameterNodeWrapper
class BodyCompositionParameters:
    """`regions` carries the result it shows. Lengths in m, weight in kg, 0 is unknown.

    `by_hand` names what a person set: height_m, weight_kg, sex; the rest comes from DICOM. `person_of` is the ID of
    the volume these belong to. `level_mm` counts while `level_given`; else L3 is looked for.
    """

    volume: slicer.vtkMRMLScalarVolumeNode
    regions: slicer.vtkMRMLSegmentationNode
    level_line: slicer.vtkMRMLMarkupsLineNode
    vertebrae: slicer.vtkMRMLMarkupsFiducialNode
    model: str
    device: str = "auto"
    height_m: float = 0.0
    weight_kg: float = 0.0
    sex: str = ""
    by_hand: list[str]
    person_of: str
    level_given: bool = False
    level_mm: float = 0.0
