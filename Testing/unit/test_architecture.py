"""The floors of docs/architecture.md, start-up cost, and what the library must never import."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[2] / "RadOncAI" / "radoncai"
FLOOR = {"core": 1, "models": 2, "dicom": 2, "phantom": 3, "report": 3, "contour": 4, "dose": 4, "bodycomp": 4,
         "translate": 4, "review": 4, "cases": 5, "cohort": 5, "pacs": 5, "teach": 5, "cli": 6, "worker": 6}
ALLOWED_ON_ONE_FLOOR = {("review", "contour")}
HEAVY = {"torch", "monai", "nnunetv2", "totalsegmentator", "pyRadPlan", "dask", "pynetdicom", "highdicom",
         "matplotlib", "sklearn", "onnx", "onnxruntime"}
SLICER = {"slicer", "qt", "ctk", "vtk", "mrml"}


def imports(path: Path, *, top_level_only: bool):
    tree = ast.parse(path.read_text())
    nodes = tree.body if top_level_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def room(path: Path) -> str:
    return path.relative_to(LIBRARY).parts[0].removesuffix(".py")


SOURCES = sorted(p for p in LIBRARY.rglob("*.py") if p.parent != LIBRARY or p.stem == "worker")


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(LIBRARY)))
def test_a_room_imports_only_rooms_below_it(path):
    here = room(path)
    for name in imports(path, top_level_only=False):
        parts = name.split(".")
        if parts[0] != "radoncai" or len(parts) < 2 or parts[1] not in FLOOR or parts[1] == here:
            continue
        allowed = FLOOR[parts[1]] < FLOOR[here] or (here, parts[1]) in ALLOWED_ON_ONE_FLOOR
        assert allowed, f"{path.relative_to(LIBRARY)} (floor {FLOOR[here]}) imports radoncai/{parts[1]}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(LIBRARY)))
def test_heavy_packages_are_imported_where_they_are_used(path):
    tops = {name.split(".")[0] for name in imports(path, top_level_only=True)}
    everywhere = {name.split(".")[0] for name in imports(path, top_level_only=False)}
    if "networks" not in path.parts:
        assert not tops & HEAVY, f"{path.relative_to(LIBRARY)} imports {tops & HEAVY} at its top"
    assert not everywhere & SLICER, f"{path.relative_to(LIBRARY)} imports {everywhere & SLICER}"


def loaded_after(code: str) -> set[str]:
    code += "; import sys; print(' '.join(sorted({m.split('.')[0] for m in sys.modules})))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(out.stdout.split("\n")[-2].split())


def test_importing_the_library_loads_nothing_heavy():
    assert not loaded_after("import radoncai") & (HEAVY | {"scipy", "SimpleITK", "pydicom", "PIL"})


def test_building_the_command_line_loads_nothing_heavy():
    loaded = loaded_after("from radoncai.cli.main import build_parser; build_parser()")
    assert not loaded & (HEAVY | {"scipy", "SimpleITK", "pydicom", "PIL"})
