"""The panel of Auto Contour: input, model, result."""

from __future__ import annotations

import qt
import slicer
from RadOncAILib.scene import segmentation, uncertainty
from RadOncAILib.widgets import build, corner, marks
from RadOncAILib.widgets.input_block import InputBlock
from RadOncAILib.widgets.model_block import ModelBlock
from RadOncAILib.widgets.out_of_date import OutOfDateMark
from RadOncAILib.widgets.panel import PanelWidget
from RadOncAILib.widgets.run_block import RunBlock
from RadOncAILib.widgets.section import Section
from slicer.i18n import tr as _

from radoncai.core.errors import Cancelled

from . import editor, export, results, words
from .beside import CHOSEN_PX, BesideMenu, draw
from .exports import Exports
from .images.further_images import FurtherImages, own_image
from .options import Options
from .reviewing import Reviewing, ours
from .structure_picker import StructurePicker
from .structure_table import StructureTable

STATUSES = ("unreviewed", "needs_work", "approved", "rejected")


class AutoContourPanel(PanelWidget):
    """Choose an image and a model, contour, look at each structure, hand it on."""

    @property
    def left_out(self) -> list[str]:
        return self.picker.left_out

    def build(self) -> None:
        ui = self.ui
        self.input = InputBlock(ui.inputBlock, self.refresh_soon, self.load_beside)
        self.model = ModelBlock(ui.modelBlock, "contour", self.on_model, with_presets=True)
        self.picker = StructurePicker(ui.structureBlock, self.on_picked)
        self.options = Options(ui.optionsBlock, self.refresh_soon)
        for button in (self.picker.button, self.options.button):
            self.model.footer.addWidget(button)
        self.run = RunBlock(ui.runBlock, self.on_apply)
        self.images = FurtherImages(ui.imagesBlock, self.run.start, self.refresh_soon)
        self.run.on_state = self.refresh_soon
        self.table = StructureTable(ui.structureTable, ui.findingRow)
        self.fresh = OutOfDateMark(ui.freshnessRow)
        self.sections = {name: Section(getattr(ui, f"{name}Section")) for name in ("input", "model", "result")}
        self.exports = Exports(self, ui.exportButton)
        self.beside = BesideMenu(ui.besideButton, self.refresh_soon)
        self.reviewing = Reviewing(self.refresh_soon)
        build.as_caption(ui.contoursLabel)
        ui.contoursSelector.connect("nodeActivated(vtkMRMLNode*)", self.on_chosen)
        ui.editButton.connect("clicked()", self.on_edit)
        ui.uncertaintyButton.connect("toggled(bool)", self.on_uncertainty)
        self._marking = qt.QMenu(ui.markButton)
        for word in STATUSES:
            self._marking.addAction(marks.status_word(word)).connect("triggered()", self._marker(word))
        ui.markButton.setMenu(self._marking)
        ui.structureTable.connect("itemSelectionChanged()", self.refresh_buttons)
        self._watched, self._contours_tip = None, ui.contoursSelector.toolTip

    def connect_node(self) -> None:
        super().connect_node()
        checks = {"flips": self.options.flips, "uncertainty": self.options.uncertainty}
        self._tags += (self.node.connectParametersToGui(checks),)
        for contours in ours():
            self.reviewing.watch(contours)
        scene = slicer.mrmlScene  # an image that is loaded later may be the one that the model waits for
        self.addObserver(scene, scene.NodeAddedEvent, self.refresh_soon)

    def disconnect_node(self) -> None:
        super().disconnect_node()
        self.images.forget()
        self.removeObserver(slicer.mrmlScene, slicer.mrmlScene.NodeAddedEvent, self.refresh_soon)
        self.exports.close()
        self._watch(None)

    def forget(self) -> None:
        self.input.forget()
        self.model.forget()
        self.images.forget()
        self.table.forget()
        self.reviewing.close()
        corner.hush("contours")
        self._watch(None)

    def cleanup(self) -> None:
        super().cleanup()
        self.input.close()
        self.model.close()

    # what a person does

    def on_model(self) -> None:
        current = self.model.current
        if self.node is not None and current is not None and self.model.name != self.node.model:
            self.node.model, self.node.left_out = self.model.name, []
        left_out = list(self.node.left_out) if self.node is not None else []
        lacking = {s["label"]: s["why_not"] for s in (current or {}).get("lacking", ())}
        self.picker.offer(tuple(current["structures"]) if current else (), left_out, lacking)
        self.options.offer(current)
        self.input.look(*self._judges())

    def _judges(self) -> tuple[str, ...]:
        """The models that judge the image; one that works on another image does not."""
        current = self.model.current or {}
        names = current["models"] if "preset" in current else [self.model.name]
        return () if own_image(current, self.input.volume) else tuple(filter(None, names))

    def on_picked(self) -> None:
        self.node.left_out = self.picker.left_out

    def on_apply(self) -> None:
        volume, names, model, device = self.node.volume, self.picker.chosen, self.model.name, self.run.chosen_device
        structures, options = names if self.picker.left_out else None, self.options.chosen

        def request(folder) -> dict:
            return self.logic.request(folder, volume, model, structures, device, images=self.images.request(folder),
                                      **options)

        self.run.start("contour", request, lambda result: self._show(result, volume))

    def on_chosen(self, contours) -> None:
        """Contours of an earlier run were hidden by a later one."""
        if contours is not None:
            self.beside.choose(contours)

    def on_uncertainty(self, is_on: bool) -> None:
        """The map of the chosen result over the image, or off."""
        found = uncertainty.map_of(self.node.contours) if self.node is not None else None
        if found is not None and is_on != uncertainty.is_shown(found):
            (uncertainty.show if is_on else uncertainty.hide)(found)

    def on_edit(self) -> None:
        contours = self.node.contours
        ids = self.table.selected_ids
        editor.edit(contours, export.volume_of(contours, self.node.volume), ids[0] if ids else "")

    def on_loaded(self, kind: str, node) -> None:
        if kind == "structures":
            self._take(node)

    def _marker(self, word: str):
        return lambda: self.reviewing.mark(self.node.contours, self.table.selected_ids, word)

    def _show(self, result: dict, volume):
        if slicer.mrmlScene.GetNodeByID(volume.GetID() or "") is not volume:
            raise Cancelled(_("The image was removed while it was contoured; nothing was added."))
        return self._show_in_portions(result, volume)

    def _show_in_portions(self, result: dict, volume):
        yield from self.logic.show_in_portions(result, volume, self._take)
        self.run.log(results.in_words(result))
        return words.result(result)

    def _take(self, node) -> None:
        self.reviewing.watch(node)
        draw(node, CHOSEN_PX)
        self.node.contours = node
        self.ui.resultSection.collapsed = False

    # what is shown

    def refresh(self) -> None:
        contours, volume = self.node.contours, self.node.volume
        if self.input.models != self._judges():
            self.input.look(*self._judges())
        self.images.offer(self.model.current, volume)
        self._say_ready(self.picker.chosen)
        self.sections["input"].summarise(volume.GetName() if volume is not None else "")
        self.sections["model"].summarise(self.model.current["title"] if self.model.current else "")
        note = results.note(contours)
        self.sections["result"].retitle(_("Result: {note}").format(note=note) if note else _("Result"))
        self._watch(contours)
        self.table.show(contours)
        self._say_in_views(contours)
        self.fresh.look(contours, words.summary(self.table.rows, results.run_at(contours)))
        doubt = segmentation.why_doubtful(contours) if contours is not None and not self.fresh.stale else ""
        if doubt:
            self.fresh.row.show(marks.DOUBT, doubt, word="")
        self.ui.contoursSelector.toolTip = results.provenance_text(contours) or self._contours_tip
        self.refresh_buttons()

    def _say_ready(self, names: list[str]) -> None:
        self.run.set_action(words.action(names))
        current, image = self.model.current or {}, self.input
        is_refused = image.verdict == "refused" and bool(image.answer.get("spacing_mm"))
        self.options.look(is_refused)
        missing = self.images.missing
        if not names and self.picker.names:
            missing = _("Choose at least one structure.")
        doubt = ()
        if current.get("lacking"):
            doubt = (words.lacking(current["lacking"]), *self.offer.link(current.get("needs")))
        if is_refused and self.options.chosen["override"]:
            doubt = (_("{reason} It runs all the same, and the result says so.").format(reason=image.reason),)
        self.judge(image, self.model, missing, doubt, override=self.options.chosen["override"])

    def _say_in_views(self, contours) -> None:
        if results.is_ai(contours) and contours.GetDisplayVisibility():
            corner.say("contours", results.note(contours))
        else:
            corner.hush("contours")

    def refresh_buttons(self) -> None:
        if self.node is None:
            return
        contours = self.node.contours
        chosen = bool(self.table.selected_ids) and not self.run.running
        self.ui.editButton.enabled = contours is not None and not self.run.running
        self.ui.markButton.enabled = chosen
        found = uncertainty.map_of(contours)
        self.ui.uncertaintyButton.enabled = found is not None
        self.ui.uncertaintyButton.checked = uncertainty.is_shown(found)
        self.beside.refresh(contours)
        self.exports.refresh(contours, export.volume_of(contours) if contours is not None else None)

    def _watch(self, contours) -> None:
        if contours is self._watched:
            return
        events = (slicer.vtkSegmentation.SegmentModified, slicer.vtkSegmentation.SegmentAdded,
                  slicer.vtkSegmentation.SegmentRemoved, slicer.vtkSegmentation.SourceRepresentationModified)
        for event in events:
            if self._watched is not None:
                self.removeObserver(self._watched, event, self.refresh_soon)
            if contours is not None:
                self.addObserver(contours, event, self.refresh_soon)
        self._watched = contours

