"""The panel of Body Composition: input, level, result."""

from __future__ import annotations

from itertools import pairwise

import qt
import slicer
from RadOncAILib.widgets import corner, marks, settings
from RadOncAILib.widgets.input_block import InputBlock
from RadOncAILib.widgets.model_block import ModelBlock
from RadOncAILib.widgets.panel import PanelWidget
from RadOncAILib.widgets.run_block import RunBlock
from RadOncAILib.widgets.section import Section
from slicer.i18n import tr as _

from radoncai.core.errors import Cancelled
from radoncai.report.numbers import fixed

from . import editor, person, results, views
from .coverage import Coverage
from .export import Export
from .level_block import LevelBlock
from .live import Live
from .person_block import PersonBlock
from .result_block import ResultBlock

MODEL, CORNER = "BodyComposition/Model", "bodycomp"


class BodyCompositionPanel(PanelWidget):
    """Choose a CT, measure, look at level and borders, correct them, hand the numbers on."""

    def build(self) -> None:
        ui = self.ui
        self.may_interrupt = False
        self.input = InputBlock(ui.inputBlock, self.on_input, self.load_beside)
        self.coverage = Coverage(ui.coverageRow, self.refresh_soon, self.give_level)
        self.person = PersonBlock(ui, self.on_person)
        self.model = ModelBlock(ui.modelBlock, "tissue", self.on_model)
        self.run = RunBlock(ui.runBlock, self.measure)
        self.live = Live(self)
        self.run.on_state = self.on_state
        self.level = LevelBlock(ui, self.on_level, self.find_level)
        self.result = ResultBlock(ui)
        self.export = Export(self, ui)
        names = ("input", "model", "level", "result")
        self.sections = {name: Section(getattr(ui, f"{name}Section")) for name in names}
        ui.modelSection.collapsed = True
        ui.editButton.connect("clicked()", self.on_edit)
        self._watched = None
        self._order_keys()

    def _order_keys(self) -> None:
        """Tab goes from top to bottom."""
        ui, image, model = self.ui, self.input, self.model
        stops = (ui.inputSection, image.selector, image.dicom_button, image.study.selector, image.study.load_button,
                 ui.heightBox, ui.weightBox, ui.sexBox, ui.modelSection, *model.tab_order, self.run.button,
                 self.run.device, ui.levelSection, ui.levelSlider, ui.findButton, ui.resultSection, ui.numbersTable,
                 ui.editButton, ui.reportButton, ui.exportButton, ui.publishedSection, ui.publishedTable)
        for first, second in pairwise(stops):
            qt.QWidget.setTabOrder(first, second)

    def enter(self) -> None:
        super().enter()
        self.live.soon()

    def exit(self) -> None:
        self.live.forget()
        super().exit()

    def connect_node(self) -> None:
        super().connect_node()
        if not self.node.model:
            self.model.select(settings.value(MODEL))
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.NodeRemovedEvent, self.refresh_soon)

    def disconnect_node(self) -> None:
        super().disconnect_node()
        self.removeObserver(slicer.mrmlScene, slicer.mrmlScene.NodeRemovedEvent, self.refresh_soon)
        self.person.forget()
        self.level.forget()
        self._watch(None)

    def forget(self) -> None:
        for block in (self.input, self.model, self.coverage, self.person, self.level, self.live):
            block.forget()
        self._watch(None)
        corner.hush(CORNER)

    def cleanup(self) -> None:
        super().cleanup()
        self.input.close()
        self.model.close()

    # what a person does

    def on_input(self) -> None:
        """The image was judged: its header fills the person, its voxels tell what it covers."""
        volume = self.input.volume
        if self.node is not None and volume is not None and self.input.verdict:
            is_new = self.node.person_of != volume.GetID()
            person.from_header(self.node, volume.GetID(), self.input.answer.get("person"))
            if is_new:
                self._new_image()
            if self.input.verdict != "refused":
                self.coverage.look(volume, (volume.GetID(), volume.GetImageData().GetMTime()))
        elif volume is None:
            self.coverage.forget()
        self.refresh_soon()

    def on_model(self) -> None:
        if self.node is not None and self.model.name:
            self.node.model = self.model.name
            settings.remember(MODEL, self.model.name)
        self.input.look(self.model.name)

    def on_person(self) -> None:
        """A field that was emptied takes what DICOM says."""
        person.from_header(self.node, self.node.person_of, self.input.answer.get("person"))
        self.live.soon()

    def on_level(self, s_mm: float) -> None:
        """Slider or line were moved: the views follow at once, the numbers soon."""
        node = self.node
        node.level_given, node.level_mm = True, s_mm
        self._place(s_mm, views.slice_of(node.volume, s_mm))
        self.live.soon()

    def _place(self, s_mm: float, index: int) -> None:
        node = self.node
        self.level.shown_mm = s_mm
        vertebrae = (results.result_of(node.regions) or {}).get("vertebrae") or {}
        with self.level.quiet():
            results.show_level(node, node.volume, s_mm, vertebrae)
        views.jump_to_slice(node.volume, index)

    def give_level(self) -> None:
        """L3 was not found: the level is the slice that is shown in the Red view."""
        self.ui.levelSection.collapsed = False
        self.on_level(round(views.shown_s(self.node.volume), 1))

    def find_level(self) -> None:
        """Back to what was measured last; where that was set by hand, L3 is looked for again."""
        self.node.level_given = False
        result = results.result_of(self.node.regions)
        if result is not None:
            self._place(result["level"]["level_mm"], result["level"]["slice"])
        elif self.node.level_line is not None:
            slicer.mrmlScene.RemoveNode(self.node.level_line)
        self.live.soon()

    def on_edit(self) -> None:
        editor.edit(self.node.regions, self.node.volume)

    def on_state(self) -> None:
        self.live.on_state()
        self.refresh_soon()

    def use_experimental(self) -> None:
        self.model.select(next(m["name"] for m in self.model.models if m["usable"]))

    # runs

    def measure(self) -> None:
        """The job `bodycomp`, with what stands in the panel now."""
        node = self.node
        volume, model, device = node.volume, self.model.name, self.run.chosen_device
        who, level = person.asked(node), self.asked_level
        self.live.forget()
        self.may_interrupt = True
        self.run.start("bodycomp", lambda folder: self.logic.request(folder, volume, model, who, level, device),
                       lambda result: self._show(result, volume, who, level))

    def measure_regions(self) -> None:
        """The job `bodycomp_edit`: numbers of the regions in the scene."""
        node = self.node
        volume, regions, who, level = node.volume, node.regions, person.asked(node), self.asked_level
        self.may_interrupt = True
        self.run.start("bodycomp_edit", lambda folder: self.logic.edit_request(folder, volume, regions, who),
                       lambda result: self._show_numbers(result, volume, who, level), title=_("Measure the regions"))

    @property
    def asked_level(self) -> float | None:
        """S mm where a person gave the level, None where L3 is to be found."""
        return self.node.level_mm if self.node.level_given else None

    def _show(self, result: dict, volume, who: dict, level: float | None) -> str:
        if slicer.mrmlScene.GetNodeByID(volume.GetID() or "") is not volume:
            raise Cancelled(_("The image was removed while it was measured; nothing was added."))
        first, index = self.node.regions is None, result["level"]["slice"]
        with slicer.util.RenderBlocker(), self.level.quiet():
            self.logic.show(result, volume, self.node, who, level)
            views.jump_to_slice(volume, index, also_sagittal=first)
        return _("Measured on the slice at S {mm} mm.").format(mm=fixed(views.slices_s(volume)[index]))

    def _show_numbers(self, result: dict, volume, who: dict, level: float | None) -> str:
        if self.node.regions is None:
            raise Cancelled(_("The regions were removed while they were measured; nothing was added."))
        self.logic.show_edited(result, volume, self.node, who, level)
        return _("Measured the regions in the scene.")

    # what is shown

    def refresh(self) -> None:
        node, running = self.node, self.run.running
        result = results.shown_result(node)
        given = node.level_given
        corner.say(CORNER, _("Research use")) if result else corner.hush(CORNER)
        place = _("Measure at S {mm} mm").format(mm=fixed(node.level_mm))
        self.run.set_action(place if given else _("Measure L3"))
        self._judge()
        self._summarise(result)
        self.person.show(node, self.input.answer.get("person"), node.volume is not None)
        self.level.show(node.volume, node, result, node.volume is not None)
        self.result.show(node, result, running)
        self.export.refresh(self.result, running)
        self._watch(node.regions)

    def _judge(self) -> None:
        only = [m for m in self.model.models if m["usable"]]
        if self.input.volume is not None and self.model.current is None and only:
            text = _("The model for this is experimental: {title}.").format(title=only[0]["title"])
            self.run.block(marks.DOUBT, text, _("Use it"), self.use_experimental)
        elif self.coverage.refusal and not self.node.level_given and self.input.verdict != "refused":
            self.run.block(marks.BAD, self.coverage.refusal, _("Give the slice shown…"), self.give_level)
        else:
            self.judge(self.input, self.model)

    def _summarise(self, result: dict | None) -> None:
        volume, model = self.node.volume, self.model.current
        self.sections["input"].summarise(volume.GetName() if volume is not None else "")
        self.sections["model"].summarise(model["title"] if model else _("choose one"))
        self.sections["level"].summarise(self.level.row.text)
        self.sections["result"].retitle(_("Result: research use") if result else _("Result"))
        self.sections["result"].summarise(self.result.summary)

    def _new_image(self) -> None:
        """Level and regions belonged to another patient or series."""
        node = self.node
        self.live.forget()
        node.level_given, node.level_mm = False, 0.0
        for name in ("level_line", "vertebrae"):
            if getattr(node, name) is not None:
                slicer.mrmlScene.RemoveNode(getattr(node, name))
        if node.regions is not None:
            node.regions.SetDisplayVisibility(False)
        node.regions = None
        measured = results.regions_of(self.input.volume)
        if measured is not None:
            results.show_again(node, measured)

    def _watch(self, regions) -> None:
        if regions is self._watched:
            return
        event = slicer.vtkSegmentation.SourceRepresentationModified
        if self._watched is not None:
            self.removeObserver(self._watched, event, self.live.soon)
        if regions is not None:
            self.addObserver(regions, event, self.live.soon)
        self._watched = regions
