"""Auto Contour: contours of organs and targets by any model."""

from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import ScriptedLoadableModule, ScriptedLoadableModuleWidget


class AutoContour(ScriptedLoadableModule):
    """What Slicer shows about the module; nothing is imported or installed at start-up."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("Auto Contour")
        parent.categories = ["Radiotherapy"]
        parent.dependencies = ["RadOncAI"]
        parent.contributors = ["The RadOncAI developers"]
        parent.helpText = _(
            "Contours of organs on CT by open models, reviewed before they are used. "
            "For research and teaching; not a medical device."
        )
        parent.acknowledgementText = _("Data and methods are named in the NOTICE file of the extension.")


class AutoContourWidget(ScriptedLoadableModuleWidget):
    """Says what the module is for and how its work is started today."""

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        from AutoContourLib.panel import build

        build(self.layout)
