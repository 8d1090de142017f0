"""Body Composition: muscle and fat at L3 from one CT."""

import slicer
from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)


class BodyComposition(ScriptedLoadableModule):
    """What Slicer shows about the module; nothing is imported or installed at start-up."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("Body Composition")
        parent.categories = ["Radiotherapy"]
        parent.dependencies = ["RadOncAI"]
        parent.contributors = ["The RadOncAI developers"]
        parent.helpText = _(
            "Measures muscle and fat at the third lumbar vertebra, each number with its standard deviation. Choose a "
            "CT, press Measure L3, look at the level and at the borders in the overlay; both can be corrected. "
            "For research and teaching; not a medical device."
        )
        parent.acknowledgementText = _("Data and methods are named in the NOTICE file of the extension.")


class BodyCompositionWidget(ScriptedLoadableModuleWidget):
    """Slicer's side of the panel; the panel itself is BodyCompositionLib.panel."""

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        from BodyCompositionLib.panel import BodyCompositionPanel

        self.panel = BodyCompositionPanel(self, BodyCompositionLogic())
        self.panel.setup()

    def enter(self):
        self.panel.enter()

    def exit(self):
        self.panel.exit()

    def cleanup(self):
        self.panel.cleanup()

    def onReload(self):
        from RadOncAILib.widgets.panel import forget_packages

        forget_packages("BodyCompositionLib")
        ScriptedLoadableModuleWidget.onReload(self)


class BodyCompositionLogic(ScriptedLoadableModuleLogic):
    """From nodes to the worker's requests, and from its results to nodes; without Qt."""

    def getParameterNode(self):
        from BodyCompositionLib.parameters import BodyCompositionParameters

        return BodyCompositionParameters(super().getParameterNode())

    def request(self, folder, volume, model, person, level_mm=None, device="auto"):
        """The job `bodycomp`: `level_mm` None looks for L3, `person` as `BodyCompositionLib.person.asked` gives it."""
        from BodyCompositionLib import requests

        return requests.measure(folder, volume, model, person, level_mm, device)

    def edit_request(self, folder, volume, regions, person):
        """The job `bodycomp_edit`: the regions as they stand in the scene, at the level of their result."""
        from BodyCompositionLib import requests

        return requests.measure_regions(folder, volume, regions, person)

    def write_request(self, folder, volume, regions, person, output, report=False):
        """The job `write_bodycomp`: the files of `radoncai bodycomp` into `output`, with `report` report.html, too."""
        from BodyCompositionLib import requests

        return requests.write(folder, volume, regions, person, output, report)

    def show(self, result, volume, node, person, level_mm=None):
        """Put a result of `bodycomp` into the scene and into the parameter node `node`; gives the regions' node."""
        from BodyCompositionLib import results

        return results.show(result, volume, node, person, level_mm)

    def show_edited(self, result, volume, node, person, level_mm=None):
        """Put the numbers of `bodycomp_edit` beside the regions that stand in the scene; gives the regions' node."""
        from BodyCompositionLib import results

        return results.show_numbers(result, volume, node, person, level_mm)


class BodyCompositionTest(ScriptedLoadableModuleTest):
    """Runs inside Slicer, too: slicer.util alone."""

    def setUp(self):
        slicer.mrmlScene.Clear()

    def test_panel_opens_and_waits_for_an_image(self):
        slicer.util.selectModule("BodyComposition")
        panel = slicer.util.getModuleWidget("BodyComposition").panel
        self.assertFalse(panel.run.button.enabled)
        self.assertIsNone(panel.node.volume)
