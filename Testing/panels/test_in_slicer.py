"""The program for a real Slicer, on the host, in a process of its own as it would be there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_every_check_holds_and_is_reported(tmp_path):
    ran = subprocess.run([sys.executable, __file__, str(tmp_path / "out")], capture_output=True, text=True,
                         timeout=900, env={**os.environ, "QT_QPA_PLATFORM": "offscreen",
                                           "RADONCAI_HOME": str(tmp_path / "home")})
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
    report = (tmp_path / "out" / "report.md").read_text()
    assert "9 of 9 checks held" in report
    assert report.count("![") == 9 and len(list((tmp_path / "out").glob("*.png"))) == 9
    assert (tmp_path / "out" / "exported" / "rtstruct.dcm").is_file()


def start_and_run(folder: Path) -> int:
    """What `Slicer --python-script` does, on the host."""
    sys.path[:0] = [str(ROOT / "Testing"), str(ROOT / "RadOncAI")]
    import host
    import in_slicer

    slicer = host.start(main_window=True)
    for name in ("RadOncAI", "AutoContour", "DosePredict", "BodyComposition"):
        host.load_module(name)
    code = in_slicer.main(slicer, folder)
    host.leave_application()
    for error in host.errors:
        print(f"an error in a slot: {error!r}", file=sys.stderr)
    return code or int(bool(host.errors))


if __name__ == "__main__":
    sys.exit(start_and_run(Path(sys.argv[1])))
