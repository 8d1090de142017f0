"""What every panel is built on: parameter node, scene events, blocks, and a clean end of the work."""

from __future__ import annotations

import sys

import qt
import slicer
import vtk
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from . import agreements, marks
from .add_model import AddModel
from .install_offer import InstallOffer
from .log_section import LogSection


class PanelWidget(VTKObservationMixin):
    """The life of a panel. `owner` is the module's ScriptedLoadableModuleWidget, `logic` its Logic.

    A panel overrides `build` (make blocks in the placeholders of `self.ui`: `self.input`, `self.model`, `self.run`),
    `connect_node` and `disconnect_node` (widgets to and from `self.node`), `refresh` (show what can be done now) and
    `forget` (drop answers and nodes). `self.node` is the typed parameter node, None while the panel is not open.
    """

    def __init__(self, owner, logic) -> None:
        VTKObservationMixin.__init__(self)
        self.owner, self.logic, self.node, self.ui = owner, logic, None, None
        self.input = self.model = self.run = self.offer = self.adding = None
        self._tags = ()
        self._refresh_soon = qt.QTimer()
        self._refresh_soon.setSingleShot(True)
        self._refresh_soon.setInterval(0)
        self._refresh_soon.connect("timeout()", self._on_refresh)

    # what a panel overrides

    @property
    def left_out(self) -> list[str]:
        """Structures that the next run shall not make."""
        return []

    def build(self) -> None:
        """Make the blocks; `self.run` is its RunBlock."""

    def connect_node(self) -> None:
        """Connect widgets and `self.node`, both ways: here image, model and device, which every panel has."""
        node, device = self.node, self.run.device
        self._tags = (node.connectGui(self.ui), node.connectParametersToGui({"volume": self.input.selector}))
        self.model.select(node.model)
        device.currentIndex = max(0, device.findData(node.device))
        device.connect("currentIndexChanged(int)", self._on_device)

    def disconnect_node(self) -> None:
        """Undo `connect_node`."""
        self.run.device.disconnect("currentIndexChanged(int)", self._on_device)
        for tag in self._tags:
            self.node.disconnectGui(tag)

    def refresh(self) -> None:
        """Show what stands in `self.node` and what can be done."""

    def forget(self) -> None:
        """The scene goes: drop answers that are waited for and pointers to nodes."""

    # life, called by the module's widget

    def setup(self) -> None:
        top = slicer.util.loadUI(self.owner.resourcePath(f"UI/{self.owner.moduleName}.ui"))
        self.owner.layout.addWidget(top)
        self.ui = slicer.util.childWidgetVariables(top)
        top.setMRMLScene(slicer.mrmlScene)
        self.log = LogSection(self.owner.layout)
        self.owner.layout.addStretch(1)
        self.build()
        self.run.attach_log(self.log)
        self.offer = InstallOffer(self.run, self.owner.moduleName, self.model.load)
        self.model.on_add = self.add_model
        self.run.may_start = lambda: agreements.given(self.model.current, self.left_out, self.run.begin,
                                                      self._not_agreed)
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, self._on_start_close)
        self.addObserver(scene, scene.EndCloseEvent, self._on_scene_new)
        self.addObserver(scene, scene.StartImportEvent, self._on_start_import)
        self.addObserver(scene, scene.EndImportEvent, self._on_scene_new)
        slicer.app.connect("aboutToQuit()", self.cleanup)

    def enter(self) -> None:
        self._open_node()
        self.model.load()

    def exit(self) -> None:
        """Another module is opened: a run is cancelled, nothing half-made stays."""
        self.run.abandon(_("Cancelled: another module was opened."))
        self._close_node()

    def cleanup(self) -> None:
        """Reload or quit. May be called twice."""
        if self.run is not None:
            self.run.abandon()
        self._refresh_soon.stop()
        self._close_node()
        self.forget()
        self.removeObservers()
        slicer.app.disconnect("aboutToQuit()", self.cleanup)

    def refresh_soon(self, *_arguments) -> None:
        """Many changes, one refresh."""
        self._refresh_soon.start()

    # what a panel may use

    def add_model(self) -> None:
        """Open the window that adds a model of a person's own."""
        if self.adding is None:
            self.adding = AddModel(self.run, self.model)
        self.adding.show()

    def judge(self, image, model, missing: str = "", doubt: tuple = (), override: bool = False) -> None:
        """Say at Apply whether it can run: `image` is the InputBlock, `model` the ModelBlock, `missing` what lacks.

        `doubt` (sentence, words of a link, what it does) is said where it runs all the same, `override` lets it run
        on an image that is refused.
        """
        run, chosen = self.run, model.current
        model.expect(image.answer.get("expected_s"))
        if image.volume is None:
            run.block(marks.UNKNOWN, _("Choose an image."))
        elif chosen is None:
            run.block(marks.UNKNOWN, model.problem or _("Choose a model."))
        elif not chosen["usable"]:
            why_not = chosen["why_not"] or _("This model cannot run here.")
            run.block(marks.BAD, why_not, *self.offer.link(chosen.get("needs")))
        elif missing:
            run.block(marks.UNKNOWN, missing)
        elif not image.verdict:
            run.block(marks.BUSY, image.reason or _("looking at the image…"))
        elif image.verdict == "refused" and not override:
            run.block(marks.BAD, image.reason, *image.remedy)
        elif doubt:
            run.allow(marks.DOUBT, *doubt)
        elif image.verdict == "doubtful":
            run.allow(marks.DOUBT, _("see what is said about the image above."))
        else:
            run.allow()

    def load_beside(self, kind: str, entry: dict) -> None:
        """Load an RTSTRUCT (`kind` structures) or RTDOSE (dose) of the study by the worker's own readers."""
        volume = self.node.volume

        def request(_folder) -> dict:
            from RadOncAILib.scene.image import image_request

            return {"image": image_request(volume), "path": entry["path"]}

        def show(result: dict) -> str:
            from RadOncAILib.scene import dose, segmentation

            name = entry.get("label") or result.get("label") or kind
            if kind == "structures":
                node = segmentation.show_structures(result, volume, name)
            else:
                node = dose.show_dose(result, volume, None, name)
            self.on_loaded(kind, node)
            return "; ".join(result.get("warnings") or ()) or _("Loaded {name}.").format(name=name)

        job = "read_structures" if kind == "structures" else "read_dose"
        self.run.start(job, request, show, title=_("Load {path}").format(path=kind))

    def on_loaded(self, kind: str, node) -> None:
        """An RTSTRUCT or RTDOSE was loaded as `node`."""

    # inside

    def _not_agreed(self, text: str) -> None:
        self.run.message.show(marks.BAD, text)

    def _on_device(self, _index: int) -> None:
        self.node.device = self.run.chosen_device

    def _on_refresh(self) -> None:
        if self.node is not None:
            self.refresh()

    def _open_node(self) -> None:
        if self.node is not None:
            return
        self.node = self.logic.getParameterNode()
        if self.node.volume is None:
            self.node.volume = _shown_volume()
        self.connect_node()
        self.addObserver(self.node, vtk.vtkCommand.ModifiedEvent, self.refresh_soon)
        if self.model is not None and not self.model.models:
            self.model.load()  # a scene that closed meanwhile has dropped the answer
        self.refresh()

    def _close_node(self) -> None:
        if self.node is None:
            return
        self.removeObserver(self.node, vtk.vtkCommand.ModifiedEvent, self.refresh_soon)
        self.disconnect_node()
        self.node = None
        if self.adding is not None:
            self.adding.close()

    def _on_start_close(self, _caller, _event) -> None:
        self.run.abandon(_("Cancelled: the scene was closed."))
        self._close_node()
        self.forget()

    def _on_start_import(self, _caller, _event) -> None:
        """Selectors that do not know the new nodes yet would clear what the scene brings."""
        self._close_node()

    def _on_scene_new(self, _caller, _event) -> None:
        if self.owner.parent.isEntered:
            self._close_node()
            self._open_node()


def _shown_volume():
    """The image that a person has in the slice views, None where there is none."""
    selection = slicer.app.applicationLogic().GetSelectionNode()
    volume = slicer.mrmlScene.GetNodeByID(selection.GetActiveVolumeID() or "")
    usable = volume is not None and volume.GetClassName() == "vtkMRMLScalarVolumeNode"
    is_dose = usable and volume.GetAttribute("DicomRtImport.DoseVolume") == "1"
    return volume if usable and not is_dose else None


def forget_packages(*names: str) -> None:
    """Before a module is reloaded: its helper packages are read anew. The worker stays as it is."""
    prefixes = tuple(f"{name}." for name in (*names, "RadOncAILib.widgets"))
    for name in [n for n in sys.modules if n in (*names, "RadOncAILib.widgets") or n.startswith(prefixes)]:
        del sys.modules[name]
