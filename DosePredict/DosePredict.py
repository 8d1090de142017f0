"""Dose Predict: the dose an experienced planner would reach."""

from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import ScriptedLoadableModule, ScriptedLoadableModuleWidget


class DosePredict(ScriptedLoadableModule):
    """What Slicer shows about the module; nothing is imported or installed at start-up."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("Dose Predict")
        parent.categories = ["Radiotherapy"]
        parent.dependencies = ["RadOncAI"]
        parent.contributors = ["The RadOncAI developers"]
        parent.helpText = _(
            "Predicts the dose of a head-and-neck plan from CT, contours and prescription. "
            "For research and teaching; not a medical device."
        )
        parent.acknowledgementText = _("Data and methods are named in the NOTICE file of the extension.")


class DosePredictWidget(ScriptedLoadableModuleWidget):
    """Says what the module is for and how its work is started today."""

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        from DosePredictLib.panel import build

        build(self.layout)
