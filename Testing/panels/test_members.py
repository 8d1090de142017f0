"""Every member of Slicer, CTK, MRML, VTK and Qt that the modules use stands in the table, and exists."""

import ast

import host
import pytest
from host.members import scan
from host.members.real import definer, real_class
from host.members.table import read_table


@pytest.fixture(scope="module")
def rows(slicer_host):
    return read_table()


def test_every_member_that_the_modules_use_is_in_the_table(rows):
    missing = scan.without_row(scan.all_uses(rows), rows)
    words = [f"{use.place}: {use.cls or 'an object'} .{use.member}" for use in missing]
    assert not words, "not in members.csv (`python -m host.members --write` adds):\n" + "\n".join(words)


def test_every_row_of_mrml_vtk_qt_and_util_exists(rows):
    wrong = [r for r in rows if real_class(r.cls) is not None and r.member and not definer(r.cls, r.member)]
    assert not wrong


def test_rows_name_their_source(rows):
    libraries = ("Slicer: ", "SlicerRT: ", "CTK: ", "VTK: ", "Qt: ")
    assert not [r for r in rows if not r.source.startswith(libraries)]
    assert len({(r.cls, r.member) for r in rows}) == len(rows)
    unknown = [r for r in rows if real_class(r.cls) is None and r.source.startswith(("VTK: ", "Qt: "))]
    assert not unknown


def test_stand_ins_define_only_members_of_the_table(rows):
    from host.registry import registry

    known = {(r.cls, r.member) for r in rows}
    surplus = []
    for name, cls in registry.items():
        for member in _public(cls):
            if not any((base, member) in known for base in scan.ancestry(name)):
                surplus.append(f"{name}.{member}")
    assert not surplus


def _public(cls):
    """What the class adds to Qt: overridden virtual methods belong to Qt, `CPP` to the host."""
    from host.signals import CppSignal

    for name, item in vars(cls).items():
        inherited = any(hasattr(base, name) for base in cls.__mro__[1:] if base.__module__.startswith("PySide6"))
        if isinstance(item, CppSignal):
            yield from item.signatures()
        elif not name.startswith("_") and name not in ("CPP", "staticMetaObject") and not inherited:
            yield name


def test_base_classes_define_only_members_of_the_table(rows):
    from slicer import ScriptedLoadableModule as standin

    known = {(r.cls, r.member) for r in rows}
    for name in standin.__all__:
        own = [m for m in vars(getattr(standin, name)) if not m.startswith("_")]
        assert not [m for m in own if (name, m) not in known], name


@pytest.mark.parametrize("path", scan.python_files(), ids=lambda p: str(p.relative_to(scan.ROOT)))
def test_modules_are_python_of_3_12_and_3_11(path):
    text = path.read_text(encoding="utf-8")
    for minor in (11, 12):
        compile(ast.parse(text, feature_version=(3, minor)), str(path), "exec", dont_inherit=True)


@pytest.mark.parametrize("path", scan.ui_files(), ids=lambda p: p.name)
def test_ui_files_load(slicer_host, path):
    widget = slicer_host.util.loadUI(str(path))
    names = [w.get("name") for w in _widgets(path)]
    ui = slicer_host.util.childWidgetVariables(widget)
    assert len(set(names)) == len(names)
    assert not [name for name in names if name != widget.name and not hasattr(ui, name)]
    host.pump()


def _widgets(path):
    import xml.etree.ElementTree as ElementTree

    return ElementTree.parse(path).iter("widget")


def test_a_member_that_nobody_has_is_found(rows, tmp_path):
    (tmp_path / "x.py").write_text(
        "import qt, slicer\n"
        "b = qt.QPushButton('x')\n"
        "b.colour = 3\n"
        "b.connect('presed()', print)\n"
        "slicer.util.noSuchFunction()\n"
        "n = slicer.mrmlScene.AddNewNodeByClass('vtkMRMLTextNode')\n"
        "n.SetTexxt('a')\n"
        "slicer.app.layoutManager().sliceWidget('Red').sliceLogicc()\n"
    )
    from host.members.uses import Reader

    returns = {(r.cls, r.member): r.returns for r in rows if r.returns}
    uses = Reader(tmp_path / "x.py", returns, {}).read()
    found = {(u.cls, u.member) for u in scan.without_row(uses, rows)}
    assert found >= {("QPushButton", "colour"), ("QPushButton", "presed()"), ("slicer.util", "noSuchFunction"),
                     ("vtkMRMLTextNode", "SetTexxt"), ("qMRMLSliceWidget", "sliceLogicc")}  # fmt: skip
