"""What the three modules share: a hidden module that brings the library `radoncai` and `RadOncAILib`."""

from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import ScriptedLoadableModule


class RadOncAI(ScriptedLoadableModule):
    """Hidden: its folder puts `radoncai` and `RadOncAILib` on the path."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = "RadOncAI"
        parent.categories = ["Radiotherapy"]
        parent.contributors = ["The RadOncAI developers"]
        parent.helpText = _("Shared parts of AutoContour, DosePredict and BodyComposition.")
        parent.acknowledgementText = ""
        parent.hidden = True
