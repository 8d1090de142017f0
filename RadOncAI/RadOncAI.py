"""What the three modules share: a hidden module that brings the library `radoncai` and `RadOncAILib`."""

import sys

import slicer
from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import ScriptedLoadableModule


class RadOncAI(ScriptedLoadableModule):
    """Hidden: its folder puts `radoncai` and `RadOncAILib` on the path; ends the shared worker with Slicer."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = "RadOncAI"
        parent.categories = ["Radiotherapy"]
        parent.contributors = ["The RadOncAI developers"]
        parent.helpText = _("Shared parts of AutoContour, DosePredict and BodyComposition.")
        parent.acknowledgementText = _("Data and methods are named in the NOTICE file of the extension.")
        parent.hidden = True
        slicer.app.connect("aboutToQuit()", self.stop_worker)

    def stop_worker(self):
        """Ends the worker process and removes its folders; does nothing where no panel ever started it."""
        worker = sys.modules.get("RadOncAILib.worker")
        if worker is not None:
            worker.stop_shared_client()
