"""Short names for signatures."""

import slicer

Node = slicer.vtkMRMLNode
VolumeNode = slicer.vtkMRMLScalarVolumeNode
SegmentationNode = slicer.vtkMRMLSegmentationNode
Segment = slicer.vtkSegment
Labelmap = slicer.vtkOrientedImageData
ChartNode = slicer.vtkMRMLPlotChartNode
CurveNode = slicer.vtkMRMLPlotSeriesNode
ColorTableNode = slicer.vtkMRMLColorTableNode
LineNode = slicer.vtkMRMLMarkupsLineNode
PointsNode = slicer.vtkMRMLMarkupsFiducialNode
HierarchyNode = slicer.vtkMRMLSubjectHierarchyNode
