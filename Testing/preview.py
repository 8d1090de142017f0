"""The panels on the sample patient in a window of their own, or as pictures for the documentation.

`make preview` opens the window; `make screenshots` presses Apply in every panel and writes docs/pictures/panels."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "Testing"), str(ROOT / "RadOncAI")]
TITLE = "RadOncAI: preview on slicer-core, not 3D Slicer"


@dataclass(frozen=True)
class Scene:
    """What a panel is shown with: model, RTSTRUCT, sections to fold, buttons to press, where the views look."""

    model: str
    structures: str = ""
    fold: tuple[str, ...] = ()
    press: tuple[str, ...] = ()
    center: str = ""
    width_mm: float = 0.0


VIEW = (
    '<view class="vtkMRMLSliceNode" singletontag="{name}">'
    '<property name="orientation" action="default">{orientation}</property></view>'
)
SLICES_ONLY = 7711
MIDLINE_R = 0.0
PANELS = {
    "AutoContour": Scene("hn_oar", center="Parotid_L", width_mm=260.0),
    "DosePredict": Scene(
        "hn_dose", "truth.dcm", ("input", "prescription", "model"), ("dvhButton",), "PTV_7000", 260.0
    ),
    "BodyComposition": Scene("l3_tissue"),
}
SIZE = (1366, 768)
LONGEST_S = 1800


def main() -> int:
    options = _options()
    has_screen = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")) or sys.platform != "linux"
    if options.pictures or not has_screen:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ.setdefault("RADONCAI_HOME", str(options.data / "home"))
    import host

    slicer = host.start(main_window=True)
    window = _window(slicer, options.palette)
    if options.pictures:
        return _write_pictures(slicer, window, options)
    volume = _load(slicer, options.data)
    _open(slicer, options.panel, volume, options.data)
    if not has_screen:
        picture = options.data / "preview.png"
        host.grab(window, picture)
        print(f"no screen here, so a picture: {picture}; a window opens on a screen or under `xvfb-run -a`")
    elif options.seconds:
        host.pump(options.seconds)
    else:
        slicer.app.exec()
    host.leave_application()
    return 0


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--data", type=Path, default=ROOT / "preview-output", help="where the patient is kept")
    options.add_argument("--panel", choices=PANELS, default="AutoContour")
    options.add_argument("--palette", choices=("light", "dark"), default="light")
    options.add_argument("--seconds", type=float, help="close the window after so long")
    options.add_argument("--pictures", type=Path, metavar="FOLDER", help="write pictures and end")
    options.add_argument("--only", choices=PANELS, help="with --pictures: this panel alone")
    return options.parse_args()


def _window(slicer, palette: str):
    """The main window with its title and a list to choose the panel."""
    import qt
    from host.palettes import use_palette

    use_palette(palette)
    window = slicer.util.mainWindow()
    window.windowTitle = TITLE
    bar, choice = window.moduleSelector(), qt.QComboBox()
    choice.addItems(list(PANELS))
    choice.connect("textActivated(QString)", bar.selectModule)
    bar.connect("moduleSelected(QString)", choice.setCurrentText)
    bar.addWidget(qt.QLabel("Module: "))
    bar.addWidget(choice)
    bar.addWidget(qt.QLabel(f"    {TITLE}"))
    window.addToolBar(bar)
    window.resize(*SIZE)
    return window


def _load(slicer, data: Path):
    """The sample patient in the DICOM database, its CT in the scene."""
    import host
    from data.sample_dicom import sample_patient
    from DICOMLib import DICOMUtils

    database = host.dicom_database(sample_patient(data / "patient"))
    for study in database.studiesForPatient(database.patients()[0]):
        for series in database.seriesForStudy(study):
            if database.fieldForSeries("Modality", series) == "CT":
                (node,) = DICOMUtils.loadSeriesByUID([series])
                volume = slicer.mrmlScene.GetNodeByID(node)
    slicer.util.setSliceViewerLayers(background=volume, fit=True)
    return volume


def _open(slicer, name: str, volume, data: Path):
    """Open a panel on the CT; where it needs structures, those that the patient was drawn with."""
    import host

    panel = host.enter_module(name).panel
    panel.node.volume = volume
    host.wait_until(lambda: panel.model.models, LONGEST_S, f"{name}: list the models")
    panel.model.select(PANELS[name].model)
    if PANELS[name].structures:
        host.wait_until(lambda: panel.input.verdict, LONGEST_S, f"{name}: look at the image")
        path = data / "patient" / PANELS[name].structures
        panel.load_beside("structures", {"path": str(path), "label": "Clinical contours"})
        host.wait_until(lambda: not panel.run.running, LONGEST_S, f"{name}: load the structures")
    host.pump(0.5)
    return panel


def _slices_only(slicer) -> None:
    """A layout of three slice views, for pictures: surfaces are not shown, so a 3D view would be empty."""
    slices = ("Red", "Axial"), ("Green", "Coronal"), ("Yellow", "Sagittal")
    red, green, yellow = (VIEW.format(name=name, orientation=orientation) for name, orientation in slices)
    description = (
        f'<layout type="horizontal" split="true"><item splitSize="580">{red}</item><item splitSize="380">'
        f'<layout type="vertical"><item>{green}</item><item>{yellow}</item></layout></item></layout>'
    )
    manager = slicer.app.layoutManager()
    manager.layoutLogic().GetLayoutNode().AddLayoutDescription(SLICES_ONLY, description)
    manager.setLayout(SLICES_ONLY)


def _arrange(slicer, panel, scene: Scene) -> None:
    """As a person would: fold what is done, open what is to be seen, bring the structure into the middle."""
    import host

    for name in scene.fold:
        getattr(panel.ui, f"{name}Section").collapsed = True
    for name in scene.press:
        getattr(panel.ui, name).click()
    host.pump(0.5)
    for node in slicer.util.getNodesByClass("vtkMRMLSegmentationNode"):
        key = node.GetSegmentation().GetSegmentIdBySegmentName(scene.center)
        if not key or not node.GetDisplayVisibility():
            continue
        for view in slicer.util.getNodesByClass("vtkMRMLSliceNode"):
            width, height, depth = view.GetFieldOfView()
            view.SetFieldOfView(scene.width_mm, scene.width_mm * height / width, depth)
            right, anterior, superior = node.GetSegmentCenterRAS(key)
            view.JumpSliceByCentering(MIDLINE_R, anterior, superior)
            view.JumpSliceByOffsetting(right, anterior, superior)


def _write_pictures(slicer, window, options: argparse.Namespace) -> int:
    """Press Apply in each panel and keep the window's picture, light and dark."""
    import host
    from host.palettes import use_palette

    for name in [options.only] if options.only else PANELS:
        host.close_scene()
        _slices_only(slicer)
        volume = _load(slicer, options.data)
        panel = _open(slicer, name, volume, options.data)
        host.wait_until(lambda p=panel: p.run.button.enabled, LONGEST_S, f"{name}: Apply can be pressed")
        panel.run.button.click()
        host.wait_until(lambda p=panel: not p.run.running, LONGEST_S, f"{name}: the job")
        host.pump(1.0)
        _arrange(slicer, panel, PANELS[name])
        for palette in ("light", "dark"):
            use_palette(palette)
            host.pump(0.3)
            path = options.pictures / f"{name}-{palette}.png"
            host.grab(window, path)
            _shrink(path)
            print(f"wrote {path}")
        use_palette("light")
        if name == "AutoContour":
            _write_windows(panel, options.pictures)
    host.leave_application()
    for error in host.errors:
        print(f"an error in a slot: {error!r}", file=sys.stderr)
    return 1 if host.errors else 0


def _write_windows(panel, folder: Path) -> None:
    """The windows that Auto Contour opens, light: a model is added, an RTSTRUCT is written."""
    import host

    panel.model.add_button.click()
    panel.adding.path.text = "Testing/data/models/unet_onnx/model.onnx"  # a lone file: its fields are shown
    panel.exports.open()
    host.pump(1.0)
    windows = {"add-model": panel.adding, "write-rtstruct": panel.exports.dialog}
    for name, window in windows.items():
        path = folder / f"{name}.png"
        host.grab(window.dialog, path)
        _shrink(path)
        print(f"wrote {path}")
        window.close()


def _shrink(path: Path) -> None:
    """256 colours are enough for a page, at half the size."""
    from PIL import Image

    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    small.save(path, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
