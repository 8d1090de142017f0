"""The result: which dose, up to date or not, goals, DVH, isodoses, writing."""

from __future__ import annotations

import time
from pathlib import Path

import qt
import slicer
from RadOncAILib.scene import plots
from RadOncAILib.scene.dose import ABOVE_HIGHEST, DOSE_VOLUME, color_wash
from RadOncAILib.scene.nodes import VolumeNode
from RadOncAILib.scene.segmentation import find
from RadOncAILib.widgets import corner, marks, settings
from RadOncAILib.widgets.out_of_date import OutOfDateMark
from RadOncAILib.widgets.section import Section
from slicer.i18n import tr as _

from radoncai.core.errors import Cancelled

from . import chart, isodose, record, requests, results, words
from .goal_titles import goal_titles
from .goals_table import GoalsTable

LAST_FOLDER = "DosePredict/ExportFolder"
OVER_CT = 0.4
NOTE = "dose"
CURVE_CLICKED = "dataSelected(vtkStringArray*,vtkCollection*)"


class ResultBlock:
    """The lower part of the panel. `panel` gives ui, node, logic and run."""

    def __init__(self, panel) -> None:
        self.panel, ui = panel, panel.ui
        self.fresh = OutOfDateMark(ui.freshnessRow)
        self.goals = GoalsTable(ui.goalsTable, self._go_to)
        self.section = Section(ui.resultSection)
        self._shown, self._tried, self._plot_view = None, set(), None
        self._noticed: dict[tuple[str, str], str] = {}
        for selector, words_for_none in ((ui.doseSelector, _("no dose yet")), (ui.referenceSelector, _("nothing"))):
            selector.addAttribute("vtkMRMLScalarVolumeNode", DOSE_VOLUME)
            selector.noneDisplay = words_for_none
        for name, title in goal_titles().items():
            ui.goalsSelector.addItem(title, name)
        ui.goalsSelector.connect("currentIndexChanged(int)", self._on_goals)
        ui.dvhButton.connect("clicked()", self.show_dvh)
        ui.isodoseButton.connect("clicked()", self.show_isodoses)
        ui.writeButton.connect("clicked()", self.write)
        ui.reportButton.connect("clicked()", self.write_report)

    @property
    def dose(self) -> VolumeNode | None:
        return self.panel.node.dose if self.panel.node is not None else None

    def connect_node(self) -> None:
        selector = self.panel.ui.goalsSelector
        selector.currentIndex = max(0, selector.findData(self.panel.node.goals))

    def disconnect_node(self) -> None:
        self._shown = None

    def forget(self) -> None:
        self._shown, self._tried = None, set()
        self.goals.show([])
        corner.hush(NOTE)

    def on_predicted(self, dose: VolumeNode) -> None:
        """A prediction came into the scene."""
        self.panel.node.dose = dose
        self.panel.ui.resultSection.collapsed = False

    def on_loaded(self, dose: VolumeNode) -> None:
        """A dose of the study was loaded: it stands beside a prediction, or alone."""
        node = self.panel.node
        dose.SetName(slicer.mrmlScene.GenerateUniqueName(dose.GetName()))
        levels = self.panel.plan().prescription.values()
        if levels:
            color_wash(dose, ABOVE_HIGHEST * max(levels))
        if node.dose is None or record.kind_of(node.dose) != "predicted":
            node.dose = dose
        else:
            node.reference = dose

    def close(self) -> None:
        """The panel goes: hear of no more clicks."""
        if self._plot_view is not None:
            self._plot_view.disconnect(CURVE_CLICKED, self._on_curve)
            self._plot_view = None

    # what is shown

    def refresh(self, plan: requests.Plan) -> None:
        dose, node = self.dose, self.panel.node
        if node.reference is not None and (dose is None or dose is node.reference):
            node.reference = None
        kept = record.kept_with(dose) or {}
        self._look(dose, kept, plan)
        self.section.retitle(_("Result: predicted dose, not a plan") if self._is_prediction(dose) else _("Result"))
        self.goals.show(kept.get("goals", []))
        selector = self.panel.ui.goalsSelector
        selector.toolTip = _("{goals}: the table of goals that the dose is measured against.").format(
            goals=selector.currentText)
        self.panel.ui.countsLabel.text = words.counts_text(kept.get("counts", {}))
        self.panel.ui.countsLabel.toolTip = words.counts_words(kept.get("counts", {}))
        self.section.summarise(words.counts_text(kept["counts"]) if kept.get("counts") else "")
        self._show_in_views(dose, plan)
        chart.forget_orphans()
        chart.show_beside(dose, node.reference)
        self._refresh_buttons(dose, plan)
        self._measure_what_is_missing(plan)

    def _is_prediction(self, dose) -> bool:
        return dose is not None and record.kind_of(dose) == "predicted"

    def _look(self, dose, kept: dict, plan: requests.Plan) -> None:
        said = _("run {time}").format(time=kept["run"]) if kept else ""
        changed = [(dose.GetID(), what) for what in results.changes(dose, plan)] if dose is not None else []
        self._noticed = {key: self._noticed.get(key) or time.strftime("%H:%M") for key in changed}
        self.fresh.look(dose, said, tuple(f"{what} {clock}" for (_id, what), clock in self._noticed.items()))
        if self.fresh.stale and not self._is_prediction(dose):
            text = _("Out of date: {what}.").format(what="; ".join(self.fresh.changes))
            self.fresh.row.show(marks.DOUBT, text, _("Measure again"), self.measure_again, word="")

    def _show_in_views(self, dose, plan: requests.Plan) -> None:
        """A dose that was chosen lies over the CT; a prediction says in every view that it is one."""
        if dose is not self._shown:
            self._shown = dose
            if dose is not None:
                is_new = plan.volume is not None and not _lies_in_views(plan.volume)
                slicer.util.setSliceViewerLayers(background=plan.volume or "keep-current", foreground=dose,
                                                 foregroundOpacity=OVER_CT, fit=is_new)
        if self._is_prediction(dose):
            corner.say(NOTE, _("Predicted dose, not a plan"))
        else:
            corner.hush(NOTE)

    def _refresh_buttons(self, dose, plan: requests.Plan) -> None:
        ui, busy = self.panel.ui, self.panel.run.running
        no_chart = "" if chart.chart_of(dose) is not None else _("There is no DVH yet.")
        no_dose = "" if dose is not None else _("There is no dose yet.")
        no_writing = requests.why_no_writing(plan, dose)
        if self.fresh.stale:
            no_writing = _("Out of date: {what}; predict again first.").format(what="; ".join(self.fresh.changes))
        for button, reason, tip in (
                (ui.dvhButton, no_chart, _("Shows the dose-volume histograms in the plot view.")),
                (ui.isodoseButton, no_dose or isodose.why_not(), _("Draws isodose surfaces through SlicerRT.")),
                (ui.writeButton, no_writing, _("Writes RTDOSE, RTPLAN and the tables into a folder.")),
                (ui.reportButton, no_writing, _("Writes the dose with a report and opens it."))):
            button.enabled = not reason and not busy
            button.toolTip = reason or tip
        ui.goalsSelector.enabled = not busy and not self.fresh.stale

    def _go_to(self, structure: str) -> None:
        """Bring the views to a structure; draw its curve thicker, with its bands."""
        node = self.panel.node
        segment_id = find(node.structures, structure) if node.structures is not None else ""
        if segment_id:
            chart.point_out(node.dose, record.kept_with(node.dose) or {}, structure, chart.colors_of(node.structures))
            center = node.structures.GetSegmentCenterRAS(segment_id)
            slicer.vtkMRMLSliceNode.JumpAllSlices(slicer.mrmlScene, *center)

    # what a person does

    def _on_goals(self, index: int) -> None:
        if self.panel.node is not None:
            self.panel.node.goals = self.panel.ui.goalsSelector.itemData(index)

    def show_dvh(self) -> None:
        slicer.modules.plots.logic().ShowChartInLayout(chart.chart_of(self.dose))
        manager = slicer.app.layoutManager()
        view = manager.plotWidget(0).plotView() if manager is not None and manager.plotViewCount else None
        if view is not None and view is not self._plot_view:
            self._plot_view = view
            view.connect(CURVE_CLICKED, self._on_curve)

    def _on_curve(self, series_ids, _points) -> None:
        """A click on a curve selects its structure in the table, or points it out alone."""
        if self.panel.node is None or not series_ids.GetNumberOfValues():
            return
        series = slicer.mrmlScene.GetNodeByID(series_ids.GetValue(0))
        structure = plots.structure_of(series) if series is not None else ""
        if structure and not self.goals.select(structure):
            self._go_to(structure)

    def show_isodoses(self) -> None:
        levels = (record.kept_with(self.dose) or {}).get("prescription") or self.panel.plan().prescription
        top = max(levels.values(), default=0.0) or slicer.util.arrayFromVolume(self.dose).max()
        with slicer.util.WaitCursor():
            drawn = isodose.draw(self.dose, float(top))
        if drawn is None:
            self.panel.run.message.show(marks.BAD, _("SlicerRT could not draw the isodoses; its log says why."))

    def write(self) -> None:
        self.write_to(self._ask_folder(_("Write RTDOSE to")))

    def write_report(self) -> None:
        self.write_to(self._ask_folder(_("Write report to")), report=True)

    def write_to(self, folder: str, *, report: bool = False) -> None:
        """Write the prediction into a folder, "" for none."""
        if not folder:
            return
        plan, dose, logic = self.panel.plan(), self.dose, self.panel.logic
        self.panel.run.start("write_dose", lambda arrays: logic.export_request(arrays, plan, dose, folder, report),
                             lambda result: self._written(result, report),
                             title=_("Write report") if report else _("Write RTDOSE"))

    def _written(self, result: dict, report: bool) -> str:
        page = Path(result["path"]) / "report.html"
        if report and page.is_file() and not slicer.app.testingEnabled():
            qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(page)))
        return _("Written to {path}: {files}.").format(path=result["path"], files=", ".join(result["files"]))

    def _ask_folder(self, title: str) -> str:
        return settings.ask_folder(self.section.button.window(), title, LAST_FOLDER)

    # measuring

    def measure_again(self) -> None:
        """DVH and goals of the shown dose, anew."""
        self._tried.clear()
        self._measure(self.dose, self.panel.plan())

    def _measure_what_is_missing(self, plan: requests.Plan) -> None:
        """A dose that was chosen and has no DVH, or that of another goals table, is measured once."""
        if self.panel.run.running or plan.volume is None or plan.structures is None:
            return
        for dose in (self.dose, self.panel.node.reference):
            if dose is None or not results.needs_evaluation(dose, plan):
                continue
            key = (dose.GetID(), plan.goals, plan.structures.GetID(), plan.volume.GetID())
            stale_prediction = dose is self.dose and self.fresh.stale and self._is_prediction(dose)
            if key not in self._tried and not stale_prediction:
                self._tried.add(key)
                self._measure(dose, plan)
                return

    def _measure(self, dose, plan: requests.Plan) -> None:
        logic = self.panel.logic
        self.panel.run.start("dvh", lambda folder: logic.evaluation_request(folder, plan, dose),
                             lambda result: self._measured(result, plan, dose),
                             title=_("Measure {name}").format(name=dose.GetName()))

    def _measured(self, result: dict, plan: requests.Plan, dose) -> str:
        if slicer.mrmlScene.GetNodeByID(dose.GetID() or "") is not dose:
            raise Cancelled(_("The dose was removed while it was measured; nothing was added."))
        self.panel.logic.show_evaluation(result, plan, dose)
        said = _("Measured {name}.").format(name=dose.GetName())
        return " ".join(filter(None, [said, words.curves_missing(result["dvh"])]))


def _lies_in_views(volume) -> bool:
    """Whether a slice view shows the volume already: then its place and zoom stay."""
    views = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
    return any(view.GetBackgroundVolumeID() == volume.GetID() for view in views)
