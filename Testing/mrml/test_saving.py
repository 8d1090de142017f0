"""A saved scene brings results back as they were."""

import sys
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parent))

import scene_drawings as drawn  # noqa: E402

ODD = 'Größe > 5 & "50 %"; a|b: <c>,\nnew line'


def test_structures_dose_and_what_was_said_of_them_come_back(scene, tmp_path):
    from RadOncAILib.scene.dose import is_dose, show_dose
    from RadOncAILib.scene.review import set_review
    from RadOncAILib.scene.segmentation import attribute, show_structures, structures_request

    ct = drawn.volume(scene, "oblique")
    result = drawn.result(tmp_path, drawn.structure(tmp_path, "Parotid_L", [(2, 5), (3, 7), (1, 4)], findings=[ODD]),
                          model={"name": "hn_oar", "title": ODD}, not_found=[{"name": "Larynx", "reason": ODD}])
    node = show_structures(result, ct, "AI contours")
    set_review(node, "Parotid_L", "approved", by="AB", comment=ODD)
    gray, dose_result = drawn.dose_result(tmp_path, "oblique", model={"name": "hn_dose"}, kind="predicted")
    dose = show_dose(dose_result, ct, node, "Predicted dose")
    before = structures_request(node, ct, tmp_path)
    ct, node, dose = drawn.saved_and_loaded(scene, tmp_path / "saved", (ct, "nrrd"), (node, "seg.nrrd"), (dose, "nrrd"))
    assert structures_request(node, ct, tmp_path) == before
    assert before[0]["comment"] == ODD and before[0]["findings"] == [ODD] and before[0]["status"] == "approved"
    assert attribute(node, "model")["title"] == ODD and attribute(node, "not_found")[0]["reason"] == ODD
    assert is_dose(dose) and dose.GetAttribute("RadOncAI.DoseKind") == "predicted"
    assert dose.GetNodeReference("radoncai.structures") is node
    assert np.array_equal(scene.util.arrayFromVolume(dose), gray)
    table, red = dose.GetDisplayNode().GetColorNode(), [0.0, 0.0, 0.0, 0.0]
    table.GetColor(255, red)
    assert table.GetName() == "RadOncAI dose" and table.GetNumberOfColors() == 256 and red[0] > 0.8 > red[2]
