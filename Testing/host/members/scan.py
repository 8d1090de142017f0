"""The modules' files, what they define themselves, and which uses have no row in the table."""

from __future__ import annotations

import ast
import builtins
import collections
import json
import logging
import os
import pathlib
import queue
import re
import subprocess
import threading
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from .real import definer, real_class
from .table import Row
from .uses import Reader, Use

ROOT = Path(__file__).parents[3]
MODULES = ("RadOncAI", "AutoContour", "DosePredict", "BodyComposition")
OF_PYTHON = (*vars(builtins).values(), pathlib.Path, np.ndarray, np.generic, np, json, re, re.Match, re.Pattern,
             time, threading.Thread, threading.Event, threading.Lock(), queue.Queue, subprocess.Popen, logging.Logger,
             collections.deque, collections.Counter, os.stat_result, subprocess.CompletedProcess([], 0),
             subprocess.CalledProcessError(1, ""), type(lambda: 0), type(i for i in ()))  # fmt: skip


def python_files() -> list[Path]:
    """What runs inside Slicer: the four modules without the library."""
    files = [p for module in MODULES for p in sorted((ROOT / module).rglob("*.py"))]
    return [p for p in files if "radoncai" not in p.relative_to(ROOT).parts]


def ui_files() -> list[Path]:
    return [p for module in MODULES for p in sorted((ROOT / module).rglob("*.ui"))]


def all_uses(rows: Iterable[Row]) -> set[Use]:
    """Every use in Python and .ui files."""
    returns = {(r.cls, r.member): r.returns for r in rows if r.returns}
    widgets = {module: _widgets(module) for module in MODULES}
    found = set()
    for path in python_files():
        found |= Reader(path, returns, widgets[path.relative_to(ROOT).parts[0]]).read()
    for path in ui_files():
        found |= uses_of_ui(path)
    return found


def _widgets(module: str) -> dict[str, str]:
    trees = [ElementTree.parse(p) for p in sorted((ROOT / module).rglob("*.ui"))]
    return {w.get("name"): w.get("class") for tree in trees for w in tree.iter("widget")}


def uses_of_ui(path: Path) -> set[Use]:
    """Classes, properties, signals and slots of a .ui file; dynamic properties (stdset="0") are free."""
    tree, found = ElementTree.parse(path), set()
    widgets = {w.get("name"): w.get("class") for w in tree.iter("widget")}
    for widget in tree.iter("widget"):
        found.add(Use(widget.get("class"), "", path.name))
        for item in widget.findall("property"):
            if item.get("stdset") != "0":
                found.add(Use(widget.get("class"), item.get("name"), path.name))
    for wire in tree.iter("connection"):
        sender, receiver = widgets[wire.findtext("sender")], widgets[wire.findtext("receiver")]
        found.add(Use(sender, wire.findtext("signal"), path.name))
        found.add(Use(receiver, wire.findtext("slot").partition("(")[0], path.name))
    return found


def own_names() -> set[str]:
    """Names that our own code defines, and those of Python's and numpy's objects."""
    names = {name for thing in OF_PYTHON for name in dir(thing)}
    for path in (ROOT / "RadOncAI").rglob("*.py"):
        names |= _defined(ast.parse(path.read_text(encoding="utf-8")))
    for path in python_files():
        names |= _defined(ast.parse(path.read_text(encoding="utf-8")))
    return names


def _defined(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and _dotted_self(node):
            names.add(node.attr)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
        elif isinstance(node, ast.ClassDef | ast.Assign):
            names |= {t.id for t in getattr(node, "targets", ()) if isinstance(t, ast.Name)}
    return names | {w.get("name") for p in ui_files() for w in ElementTree.parse(p).iter("widget")}


def _dotted_self(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == "self"


def ancestry(cls: str) -> list[str]:
    """The class and the classes it derives from, by the real class or else the stand-in."""
    from ..registry import registry

    found = real_class(cls) or registry.get(cls)
    return [base.__name__ for base in getattr(found, "__mro__", ())] or [cls]


def without_row(uses: Iterable[Use], rows: Iterable[Row]) -> list[Use]:
    """Uses that the table does not have."""
    rows = list(rows)
    known = {(r.cls, r.member) for r in rows}
    by_name = {r.member for r in rows}
    own = own_names()
    missing = []
    for use in sorted(uses):
        if use.cls:
            is_known = any((cls, use.member) in known for cls in ancestry(use.cls)) or (
                definer(use.cls, use.member), use.member) in known
        else:
            is_known = use.member in by_name or use.member in own
        if not is_known:
            missing.append(use)
    return missing
