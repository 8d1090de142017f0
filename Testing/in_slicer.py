"""The three panels end to end inside a real 3D Slicer, on the drawn sample patient, with pictures and a report.

    Slicer --additional-module-paths AutoContour DosePredict BodyComposition RadOncAI \
        --python-script Testing/in_slicer.py FOLDER

FOLDER gets `patient/` (DICOM), a picture a check, exported files and `report.md`. Slicer ends with 0 when every check
held. docs/in-slicer.md says what to look at. Run it with a new FOLDER or an old one: the patient is drawn once.
"""

from __future__ import annotations

import platform
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LONGEST_S = 600
QUESTION_S = 120
CANCEL_S = 2.0
GOOD, BAD = "held", "FAILED"


@dataclass(frozen=True)
class Check:
    """One line of the report."""

    name: str
    verdict: str
    said: str
    seconds: float
    picture: str = ""


class Run:
    """What the checks share: Slicer, the output folder, the CT, and the lines of the report."""

    def __init__(self, slicer, folder: Path) -> None:
        self.slicer, self.folder, self.checks, self.volume = slicer, folder, [], None
        folder.mkdir(parents=True, exist_ok=True)

    def check(self, name: str, do) -> None:
        """Run one check; an exception is its verdict, and the next one still runs."""
        began = time.monotonic()
        try:
            verdict, said = GOOD, do(self) or ""
        except Exception as problem:
            verdict, said = BAD, f"{type(problem).__name__}: {problem}"
            traceback.print_exc()
        seconds = time.monotonic() - began
        picture = f"{len(self.checks) + 1:02d}-{name.split(':')[0].lower().replace(' ', '-')}.png"
        self.slicer.app.processEvents()
        window = self.slicer.util.mainWindow()
        if window is None or not window.grab().save(str(self.folder / picture)):
            picture = ""
        self.checks.append(Check(name, verdict, said, seconds, picture))
        print(f"{verdict:6s} {name} ({seconds:.1f} s) {said}", flush=True)

    def wait(self, condition, what: str, seconds: float = LONGEST_S) -> None:
        """Let Slicer work until the condition holds. Raises TimeoutError."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(f"{what} took longer than {seconds:g} s")
            self.slicer.app.processEvents()
            time.sleep(0.005)

    def panel(self, module: str):
        """The open panel of a module, with the CT chosen, its models listed and the image judged."""
        self.slicer.util.selectModule(module)
        panel = self.slicer.util.getModuleWidget(module).panel
        panel.node.volume = self.volume
        self.wait(lambda: panel.model.models, "listing the models", QUESTION_S)
        self.wait(lambda: panel.input.verdict, "looking at the image", QUESTION_S)
        return panel

    def apply(self, panel) -> None:
        """Press Apply and wait for the end."""
        self.wait(lambda: panel.run.button.enabled, f"Apply: {panel.run.button.toolTip}", QUESTION_S)
        panel.run.button.click()
        self.wait(lambda: not panel.run.running, "the job")


def draw_patient(run: Run) -> str:
    """The sample patient as DICOM, by the library."""
    sys.path[:0] = [str(ROOT / "Testing"), str(ROOT / "RadOncAI")]
    from data.sample_dicom import sample_patient

    sample_patient(run.folder / "patient")
    return f"{len(list((run.folder / 'patient' / 'ct').iterdir()))} slices and an RTSTRUCT"


def load(run: Run) -> str:
    """Through Slicer's DICOM database and plug-ins."""
    from DICOMLib import DICOMUtils

    DICOMUtils.openTemporaryDatabase()
    DICOMUtils.importDicom(str(run.folder / "patient"))
    database = run.slicer.dicomDatabase
    loaded = []
    for patient in database.patients():
        for study in database.studiesForPatient(patient):
            for series in database.seriesForStudy(study):
                if database.fieldForSeries("Modality", series) == "CT":
                    loaded += DICOMUtils.loadSeriesByUID([series])
    run.volume = run.slicer.mrmlScene.GetNodeByID(loaded[0])
    run.slicer.util.setSliceViewerLayers(background=run.volume, fit=True)
    return run.volume.GetName()


def contour(run: Run) -> str:
    """Seven organs, in the scene and in the table."""
    panel = run.panel("AutoContour")
    panel.model.select("hn_oar")
    run.apply(panel)
    found = [row.name for row in panel.table.rows if row.volume_cc]
    assert "SpinalCord" in found, panel.run.message.text
    segmentation = panel.node.contours
    assert segmentation.GetSegmentation().GetNumberOfSegments() == len(found)
    return ", ".join(found)


def contour_again(run: Run) -> str:
    """A second run with the warm worker."""
    panel, times = run.panel("AutoContour"), []
    panel.model.select("body")
    for _ in range(2):
        began = time.monotonic()
        run.apply(panel)
        times.append(time.monotonic() - began)
    return "body model: " + ", then ".join(f"{t:.1f} s" for t in times)


def cancel(run: Run) -> str:
    """Cancel in the middle; nothing half-made stays."""
    panel = run.panel("AutoContour")
    panel.model.select("hn_oar")
    before = run.slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode")
    run.wait(lambda: panel.run.button.enabled, "Apply", QUESTION_S)
    panel.run.button.click()
    run.wait(lambda: panel.run.bar.value > 0, "progress")
    began = time.monotonic()
    panel.run.button.click()
    run.wait(lambda: not panel.run.running, "cancel", 30)
    took = time.monotonic() - began
    assert run.slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == before, "a node stayed"
    assert took <= CANCEL_S, f"took {took:.1f} s"
    return f"{took:.2f} s"


def write_contours(run: Run) -> str:
    """RTSTRUCT through our writer; imported into the database again."""
    from DICOMLib import DICOMUtils

    panel, target = run.panel("AutoContour"), run.folder / "exported"
    panel.exports.to_folder(str(target))
    run.wait(lambda: not panel.run.running, "writing")
    assert (target / "rtstruct.dcm").is_file(), panel.run.message.text
    DICOMUtils.importDicom(str(target))
    return panel.run.message.text


def dose(run: Run) -> str:
    """The RTSTRUCT beside the CT, the predicted dose, DVH and goals."""
    panel = run.panel("DosePredict")
    panel.load_beside("structures", {"path": str(run.folder / "patient" / "truth.dcm"), "label": "Drawn contours"})
    run.wait(lambda: not panel.run.running, "loading the structures")
    panel.model.select("hn_dose")
    run.apply(panel)
    assert panel.node.dose is not None, panel.run.message.text
    highest = float(run.slicer.util.arrayFromVolume(panel.node.dose).max())
    assert 60 < highest < 90, f"the highest dose is {highest:.1f} Gy"
    panel.ui.dvhButton.click()
    return f"highest dose {highest:.1f} Gy; {panel.run.message.text}"


def measure(run: Run) -> str:
    """Muscle and fat at L3, in the table and on the slice."""
    panel = run.panel("BodyComposition")
    panel.model.select("l3_tissue")
    run.apply(panel)
    regions = panel.node.regions
    assert regions is not None, panel.run.message.text
    assert regions.GetSegmentation().GetNumberOfSegments() >= 4
    assert -960 < panel.node.level_mm < -860 or not panel.node.level_mm, f"level {panel.node.level_mm:.1f} mm"
    return panel.run.message.text


def close(run: Run) -> str:
    """Closing the scene empties the panels."""
    run.slicer.mrmlScene.Clear(0)
    run.slicer.app.processEvents()
    panel = run.slicer.util.getModuleWidget("AutoContour").panel
    assert panel.node is None or panel.node.volume is None
    return "the panels are empty"


CHECKS = (
    ("Patient: draw it as DICOM", draw_patient),
    ("Load: through the DICOM database", load),
    ("AutoContour: seven organs", contour),
    ("Warm: the same model twice", contour_again),
    ("Cancel: in the middle", cancel),
    ("Export: RTSTRUCT to a folder", write_contours),
    ("DosePredict: dose, DVH, goals", dose),
    ("BodyComposition: L3", measure),
    ("Close: the scene", close),
)


def write_report(run: Run) -> Path:
    """report.md with what ran where, every check and its picture."""
    slicer = run.slicer
    version = getattr(slicer.app, "applicationVersion", "unknown")
    failed = sum(c.verdict != GOOD for c in run.checks)
    lines = [f"# RadOncAI in Slicer {version}: {len(run.checks) - failed} of {len(run.checks)} checks held", "",
             f"{platform.platform()}, Python {platform.python_version()}, "
             f"SlicerRT {'installed' if hasattr(slicer.modules, 'dicomrtimportexport') else 'not installed'}.", "",
             "| check | verdict | seconds | what was seen |", "|---|---|---|---|"]
    lines += [f"| {c.name} | {c.verdict} | {c.seconds:.1f} | {c.said.replace('|', '/')} |" for c in run.checks]
    lines += [line for c in run.checks if c.picture for line in ("", f"## {c.name}", "", f"![{c.name}]({c.picture})")]
    path = run.folder / "report.md"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def main(slicer, folder: Path) -> int:
    """Every check, then the report; 0 when all held."""
    run = Run(slicer, folder)
    for name, do in CHECKS:
        if run.volume is None and do not in (draw_patient, load):
            print(f"left out: {name}; there is no image", flush=True)
            continue
        run.check(name, do)
    print(f"wrote {write_report(run)}", flush=True)
    return int(len(run.checks) < len(CHECKS) or any(c.verdict != GOOD for c in run.checks))


if __name__ == "__main__":
    import slicer

    slicer.util.exit(main(slicer, Path(sys.argv[-1]).resolve()))
