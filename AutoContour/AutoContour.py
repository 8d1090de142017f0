"""Auto Contour: contours of organs and targets by any model."""

import slicer
from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)


class AutoContour(ScriptedLoadableModule):
    """What Slicer shows about the module; nothing is imported or installed at start-up."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("Auto Contour")
        parent.categories = ["Radiotherapy"]
        parent.dependencies = ["RadOncAI"]
        parent.contributors = ["The RadOncAI developers"]
        parent.helpText = _(
            "Contours of organs on CT by open models, reviewed before they are used. Choose an image and a model, "
            "press Contour, look at every structure. For research and teaching; not a medical device."
        )
        parent.acknowledgementText = _("Data and methods are named in the NOTICE file of the extension.")


class AutoContourWidget(ScriptedLoadableModuleWidget):
    """Slicer's side of the panel; the panel itself is AutoContourLib.panel."""

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        from AutoContourLib.panel import AutoContourPanel

        self.panel = AutoContourPanel(self, AutoContourLogic())
        self.panel.setup()

    def enter(self):
        self.panel.enter()

    def exit(self):
        self.panel.exit()

    def cleanup(self):
        self.panel.cleanup()

    def onReload(self):
        from RadOncAILib.widgets.panel import forget_packages

        forget_packages("AutoContourLib")
        ScriptedLoadableModuleWidget.onReload(self)


class AutoContourLogic(ScriptedLoadableModuleLogic):
    """From nodes to the worker's request, and from its result to nodes; without Qt."""

    def getParameterNode(self):
        from AutoContourLib.parameters import AutoContourParameters

        return AutoContourParameters(super().getParameterNode())

    def request(self, folder, volume, model, structures, device="auto", **more):
        """The job `contour` for a volume node: `model` NAME, NAME@VERSION or preset:NAME, names None for all it gives.

        `more` are fields of the worker's job: flips, uncertainty, override, images.
        """
        from RadOncAILib.scene.image import image_request
        from RadOncAILib.widgets.choices import PRESET

        kind = "preset" if model.startswith(PRESET) else "model"
        return {"image": image_request(volume, folder), kind: model.removeprefix(PRESET), "structures": structures,
                "device": device, **more}

    def show(self, result, volume):
        """Put a result of `contour` or `read_structures` into the scene; gives the new segmentation node."""
        from AutoContourLib.results import show

        return show(result, volume)

    def show_in_portions(self, result, volume, on_node):
        """The same in portions, so that the panel stays alive; `on_node(node)` at the end."""
        from AutoContourLib.results import show_in_portions

        return show_in_portions(result, volume, on_node)

    def export_request(self, folder, volume, segmentation, output, label, **drawing):
        """The jobs `check_structures` and `write_structures`. Raises InputError where it may not be written."""
        from AutoContourLib.export import export_request

        return export_request(folder, volume, segmentation, output, label, **drawing)


class AutoContourTest(ScriptedLoadableModuleTest):
    """Runs inside Slicer; the worker and the bundled model are the real ones."""

    def setUp(self):
        slicer.mrmlScene.Clear(0)

    def test_a_ball_of_water_is_contoured(self):
        """Open the panel, press Contour, find the outline of a drawn ball."""
        import numpy as np

        away = np.linalg.norm(np.mgrid[-20:20, -32:32, -32:32] * np.array([5, 4, 4]).reshape(3, 1, 1, 1), axis=0)
        array = np.where(away < 90, 0, -1000).astype(np.int16)
        volume = slicer.util.addVolumeFromArray(array, np.diag([-4.0, -4.0, 5.0, 1.0]), "Ball")
        slicer.util.selectModule("AutoContour")
        panel = slicer.util.getModuleWidget("AutoContour").panel
        panel.node.volume = volume
        self.wait(lambda: panel.model.models and panel.input.verdict)
        panel.model.select("body")
        self.wait(lambda: panel.run.button.enabled)
        panel.run.button.click()
        self.wait(lambda: not panel.run.running)
        self.assertEqual(panel.run.message.symbol, "✓", panel.run.message.text)
        self.wait(lambda: panel.table.rows)
        row = panel.table.rows[0]
        self.assertEqual(row.name, "External")
        self.assertAlmostEqual(row.volume_cc, 4 / 3 * np.pi * 9**3, delta=150)

    def wait(self, condition, seconds=60):
        """Let Slicer work until the condition holds."""
        import time

        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, "took too long")
            slicer.app.processEvents()
            time.sleep(0.01)
