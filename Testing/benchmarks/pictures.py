"""Write the pictures of README.md from a demo's results: python Testing/benchmarks/pictures.py demo-output"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from PIL import Image

from radoncai.cli.demo import PRESCRIPTION
from radoncai.dicom.image import read_image
from radoncai.dicom.rtdose.writer import read_rtdose
from radoncai.dicom.structures import read_structures
from radoncai.dose.dvh import dvhs_of
from radoncai.dose.evaluate import LEFT_OUT
from radoncai.report.pictures import Picture, contour_pictures, dose_pictures
from radoncai.report.plots import dvh_svg

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
GAP = 8


def strip(pictures: list[Picture], height: int) -> Image.Image:
    """Pictures side by side at one height."""
    images = [p.image.resize((round(p.image.width * height / p.image.height), height), Image.LANCZOS) for p in pictures]
    out = Image.new("RGB", (sum(i.width for i in images) + GAP * (len(images) - 1), height), "white")
    x = 0
    for image in images:
        out.paste(image.convert("RGB"), (x, 0))
        x += image.width + GAP
    return out


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def main(demo: Path) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    volume = read_image(demo / "patient" / "ct")
    structures = read_structures(demo / "contour" / "rtstruct.dcm", volume)
    dose = read_rtdose(demo / "dose" / "rtdose.dcm")
    strip(contour_pictures(volume, structures), 420).save(FOLDER / "contours.jpg", quality=85)
    strip(dose_pictures(volume, structures, dose, PRESCRIPTION), 420).save(FOLDER / "dose.jpg", quality=85)
    Image.open(demo / "bodycomp" / "l3.png").convert("RGB").save(FOLDER / "l3.jpg", quality=85)
    kept = [s for s in structures if s.role not in (*LEFT_OUT, "external")]
    curves = [{"structure": d.structure, "dose_gy": d.dose_gy, "volume_pct": d.cumulative_pct}
              for d in dvhs_of(kept, structures.grid, dose.volume) if d.cumulative_pct is not None]
    svg = dvh_svg(curves, structures, kind="predicted", metric_rows=rows(demo / "dose" / "dvh_metrics.csv"))
    (FOLDER / "dvh.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo-output"))
