"""`write_bodycomp`: the files of `radoncai bodycomp` from what stands in the scene."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from radoncai.bodycomp.section import body_section
from radoncai.bodycomp.write import row, write_results
from radoncai.core.output import staged
from radoncai.worker.image import read_image
from radoncai.worker.protocol import field
from radoncai.worker.report import report_of
from radoncai.worker.tissue import measured_before
from radoncai.worker.work import Work


def run(work: Work) -> dict[str, Any]:
    """Fields image, labels, person, measured (of the result), output; `report` also writes report.html."""
    request = work.request
    output = Path(field(request, "output", str))
    work.progress.step("reading the image")
    image = read_image(request, work.folder)
    result, is_same = measured_before(request, image, work.folder)
    options = {**(request["measured"].get("options") or {}), **({} if is_same else {"edited": True})}
    with staged(output) as place:
        record = write_results(result, image.volume, place, work.progress, options)
        if request.get("report"):
            section = body_section(result, image.volume, row(result, image.volume, record.run))
            report_of(place, image.volume, record, result.model, body=section)
        written = sorted(p.name for p in place.iterdir())
    return {"path": str(output), "files": written}
