"""The extension as Slicer installs it, rebuilt by the real CMake from the real lists."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def cmake() -> str:
    beside = Path(sys.executable).with_name("cmake")
    return str(beside) if beside.exists() else shutil.which("cmake") or pytest.skip("cmake is not installed")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    build = tmp_path_factory.mktemp("build")
    done = subprocess.run(
        [
            cmake(),
            "-S",
            ROOT,
            "-B",
            build,
            f"-DSlicer_DIR={ROOT / 'Testing/host/cmake'}",
            "-Wno-dev",
            "-DCMAKE_C_COMPILER_WORKS=1",
            "-DCMAKE_CXX_COMPILER_WORKS=1",
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return build / "qt-scripted-modules"


def tracked(folder: str, *endings: str) -> set[str]:
    names = subprocess.run(
        ["git", "ls-files", folder], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    return {name.removeprefix(folder + "/") for name in names if name.endswith(endings)}


@pytest.mark.parametrize("module", ["RadOncAI", "AutoContour", "DosePredict", "BodyComposition"])
def test_every_file_of_a_module_is_installed(installed, module):
    for name in tracked(module, ".py", ".svg", ".ui", ".css"):
        assert (installed / name).is_file(), f"{module}/CMakeLists.txt does not list {name}"


def test_every_resource_is_installed(installed):
    for name in tracked("Resources", ".json", ".csv", ".onnx", ".pt", ".npz", ".svg"):
        assert (installed / "Resources" / name).is_file(), f"Resources/CMakeLists.txt does not list {name}"


def test_the_library_runs_out_of_the_installed_folder(installed):
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "RADONCAI_RESOURCES")}
    code = (
        "import sys; sys.path.insert(0, '.'); import radoncai, pathlib;"
        "assert pathlib.Path(radoncai.__file__).is_relative_to(pathlib.Path.cwd()), radoncai.__file__;"
        "from radoncai.cli.main import main; sys.exit(main(['models', 'list', '--json']))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=installed, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for name in ("body", "hn_oar", "hn_dose", "l3_level", "l3_tissue"):
        assert f'"{name}"' in done.stdout
