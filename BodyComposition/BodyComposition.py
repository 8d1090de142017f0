"""Body Composition: muscle and fat at L3 from one CT."""

from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import ScriptedLoadableModule, ScriptedLoadableModuleWidget


class BodyComposition(ScriptedLoadableModule):
    """What Slicer shows about the module; nothing is imported or installed at start-up."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("Body Composition")
        parent.categories = ["Radiotherapy"]
        parent.dependencies = ["RadOncAI"]
        parent.contributors = ["The RadOncAI developers"]
        parent.helpText = _(
            "Measures muscle and fat at the third lumbar vertebra, each number with its error. "
            "For research and teaching; not a medical device."
        )
        parent.acknowledgementText = _("Data and methods are named in the NOTICE file of the extension.")


class BodyCompositionWidget(ScriptedLoadableModuleWidget):
    """Says what the module is for and how its work is started today."""

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        from BodyCompositionLib.panel import build

        build(self.layout)
