"""`make preview` where there is no screen: a picture of the window, with the patient in the views."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

PREVIEW = Path(__file__).parents[1] / "preview.py"


@pytest.mark.slow
def test_preview_shows_the_sample_patient_and_the_panel(tmp_path):
    screenless = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
    done = subprocess.run(
        [sys.executable, str(PREVIEW), "--data", str(tmp_path)], env=screenless, capture_output=True, text=True,
        timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "preview.png" in done.stdout
    picture = np.asarray(Image.open(tmp_path / "preview.png").convert("L"), float)
    assert picture.shape == (768, 1366)
    panel, views = picture[:, :380], picture[40:, 420:]
    assert panel.std() > 20 and views.std() > 40
    lower = views[views.shape[0] // 2 :]
    assert 0.1 < (lower > 60).mean() < 0.7
