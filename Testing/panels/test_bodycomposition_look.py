"""How Body Composition looks and is reached by keys; no run."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import host
import numpy as np
import pytest
from host.palettes import use_palette

NARROW_PX = 380
ROOT = Path(__file__).parents[2]


@pytest.fixture
def panel(scene):
    yield host.enter_module(host.load_module("BodyComposition")).panel
    scene.util.selectModule("SegmentEditor")


def test_every_button_and_field_has_a_tool_tip(panel):
    import qt

    top = panel.owner.parent
    kinds = (qt.QPushButton, qt.QToolButton, qt.QDoubleSpinBox, qt.QComboBox, qt.QTableWidget)
    inner = {"ctkSliderWidget", "qMRMLNodeComboBox", "QLineEdit"}  # their own small buttons
    without = [w.objectName or w.className() for kind in kinds for w in top.findChildren(kind)
               if not w.toolTip and type(w.parent()).__name__ not in inner and not w.inherits("QTabBar")]
    assert without == []


def test_the_tab_order_follows_the_eye(panel):
    ui = panel.ui
    panel.owner.parent.resize(NARROW_PX, 900)
    host.pump(0.1)
    stops = [ui.heightBox, ui.weightBox, ui.sexBox, panel.run.button, ui.levelSlider, ui.findButton, ui.numbersTable,
             ui.editButton, ui.reportButton, ui.exportButton, ui.publishedTable]
    seen, widget = [ui.heightBox], ui.heightBox.nextInFocusChain()
    while widget is not ui.heightBox and len(seen) < 5000:
        seen.append(widget)
        widget = widget.nextInFocusChain()
    places = [next(n for n, w in enumerate(seen) if w is stop or stop.isAncestorOf(w)) for stop in stops]
    assert places == sorted(places)


@pytest.mark.parametrize("palette", ["light", "dark"])
def test_it_fits_a_narrow_dock_and_follows_the_palette(panel, palette):
    top = panel.owner.parent
    assert top.minimumSizeHint.width() <= NARROW_PX
    use_palette(palette)
    top.resize(NARROW_PX, 860)
    picture = host.grab(top).astype(int)
    use_palette("light")
    assert (np.median(picture) < 100) == (palette == "dark")
    assert np.ptp(picture) > 150, "something is written on it"


def test_the_ui_file_names_what_the_panel_uses():
    tree = ElementTree.parse(ROOT / "BodyComposition" / "Resources" / "UI" / "BodyComposition.ui")
    named = {w.get("name") for w in tree.iter("widget")}
    library = ROOT / "BodyComposition" / "BodyCompositionLib"
    text = "".join(path.read_text() for path in library.glob("*.py"))
    used = {name for name in named if f"ui.{name}" in text}
    used |= {f"{name}Section" for name in ("input", "model", "level", "result")}
    labels = {w.get("name") for w in tree.iter("widget") if w.get("class") == "QLabel"}
    assert named - used - labels == {"BodyComposition", "runArea"}
    assert not [e for e in tree.iter("property") if e.get("name") == "styleSheet"]
