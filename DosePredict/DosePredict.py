"""Dose Predict: the dose an experienced planner would reach."""

import slicer
from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)


class DosePredict(ScriptedLoadableModule):
    """What Slicer shows about the module; nothing is imported or installed at start-up."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("Dose Predict")
        parent.categories = ["Radiotherapy"]
        parent.dependencies = ["RadOncAI"]
        parent.contributors = ["The RadOncAI developers"]
        parent.helpText = _(
            "Predicts the dose of a head-and-neck plan from CT, contours and prescription. Choose them and a model, "
            "press Predict dose, look at dose, DVH and goals. A prediction is not a plan. For research and teaching; "
            "not a medical device."
        )
        parent.acknowledgementText = _("Data and methods are named in the NOTICE file of the extension.")


class DosePredictWidget(ScriptedLoadableModuleWidget):
    """Slicer's side of the panel; the panel itself is DosePredictLib.panel."""

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        from DosePredictLib.panel import DosePredictPanel

        self.panel = DosePredictPanel(self, DosePredictLogic())
        self.panel.setup()

    def enter(self):
        self.panel.enter()

    def exit(self):
        self.panel.exit()

    def cleanup(self):
        self.panel.cleanup()

    def onReload(self):
        from RadOncAILib.widgets.panel import forget_packages

        forget_packages("DosePredictLib")
        ScriptedLoadableModuleWidget.onReload(self)


class DosePredictLogic(ScriptedLoadableModuleLogic):
    """From nodes to the worker's requests, and from its results to nodes; without Qt. `plan` is a requests.Plan."""

    def getParameterNode(self):
        from DosePredictLib.parameters import DosePredictParameters

        return DosePredictParameters(super().getParameterNode())

    def plan(self, node, model="", device="auto"):
        """What the parameter node says, with the model that is chosen."""
        from DosePredictLib.requests import plan_of

        return plan_of(node, model, device)

    def request(self, folder, plan):
        """The job `dose`. Raises InputError where a node does not fit."""
        from DosePredictLib.requests import predict

        return predict(plan, folder)

    def show(self, result, plan):
        """Put a result of `dose` into the scene; gives the new dose volume node."""
        from DosePredictLib.results import show

        return show(result, plan)

    def show_in_portions(self, result, plan):
        """The same in portions, so that the panel stays alive; returns the node at the end."""
        from DosePredictLib.results import show_in_portions

        return show_in_portions(result, plan)

    def evaluation_request(self, folder, plan, dose):
        """The job `dvh` for a dose in the scene."""
        from DosePredictLib.requests import evaluate

        return evaluate(plan, dose, folder)

    def show_evaluation(self, result, plan, dose):
        """Put DVH and goals of a result of `dvh` beside the dose."""
        from DosePredictLib.results import show_evaluation

        show_evaluation(dose, result, plan)

    def export_request(self, folder, plan, dose, output, report=False):
        """The job `write_dose`. Raises InputError where the dose may not be written."""
        from DosePredictLib.requests import write

        return write(plan, dose, output, folder, report=report)


class DosePredictTest(ScriptedLoadableModuleTest):
    """Runs inside Slicer, with slicer.util only."""

    def setUp(self):
        slicer.mrmlScene.Clear(0)

    def test_panel_opens(self):
        """The panel can be opened, says what it lacks, and follows the scene."""
        slicer.util.selectModule("DosePredict")
        widget = slicer.util.getModuleWidget("DosePredict")
        self.assertFalse(widget.panel.run.button.enabled)
        slicer.mrmlScene.Clear(0)
        self.assertIsNotNone(widget.panel.node)
