"""The benchmark's scores against arithmetic and against the data's own scorer."""

import importlib.util
from pathlib import Path

import numpy as np
import openkbp_score
import pytest

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data" / "openkbp"


def case():
    rng = np.random.default_rng(3)
    dose = rng.uniform(0, 70, (9, 12, 15))
    mask = np.zeros(dose.shape, bool)
    mask[1:8, 2:10, 3:13] = True
    structures = {
        name: mask & (rng.uniform(size=dose.shape) < 0.3) for name in ("Brainstem", "Larynx", "PTV56", "PTV70")
    }
    return dose * mask, mask, structures


def test_zero_prediction_scores_the_mean_dose_and_the_metrics_themselves():
    dose, mask, structures = case()
    assert openkbp_score.dose_error(dose, np.zeros_like(dose), mask) == pytest.approx(dose[mask].mean())
    cells = openkbp_score.dvh_cells(dose, structures, (2.5, 3.9, 3.9))
    assert openkbp_score.dvh_errors(dose, 1.01 * dose, structures, (2.5, 3.9, 3.9)) == pytest.approx(
        {k: 0.01 * v for k, v in cells.items()}
    )


@pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data/openkbp is not here")
def test_scores_agree_with_the_scorer_of_the_data():
    spec = importlib.util.spec_from_file_location("data_score", DATA / "score.py")
    theirs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(theirs)
    dose, mask, structures = case()
    predicted = np.random.default_rng(4).normal(dose, 3) * mask
    patient = {
        "id": "x",
        "dose": dose,
        "possible_dose_mask": mask,
        "structures": structures,
        "spacing_mm": (2.5, 3.9, 3.9),
    }
    row = theirs.score_patient(patient, predicted)
    assert openkbp_score.dose_error(dose, predicted, mask) == pytest.approx(row["dose_error"], abs=1e-12)
    ours = openkbp_score.dvh_errors(dose, predicted, structures, (2.5, 3.9, 3.9))
    assert ours == pytest.approx({f"{m} {s}": e for (m, s), e in row["dvh_errors"].items()}, abs=1e-12)
