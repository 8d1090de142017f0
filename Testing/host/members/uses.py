"""Which members the modules' Python uses, found by reading it.

Types are followed where the text shows them: constructors, `slicer.app` and its like, calls whose row in the table says
what they return, `self.x` of one class, widgets of the .ui file. Elsewhere a member is known by its name alone."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

ROOTS = ("slicer", "qt", "ctk", "vtk")
OBJECTS = {
    "slicer.app": "qSlicerApplication",
    "slicer.mrmlScene": "vtkMRMLScene",
    "slicer.dicomDatabase": "ctkDICOMDatabase",
    "slicer.util": "slicer.util",
}
MAKES_NODE = ("AddNewNodeByClass", "CreateNodeByClass", "GetFirstNodeByClass", "GetSingletonNode", "GetNthNodeByClass")
SIGNAL_CALLS = ("connect", "disconnect")


@dataclass(frozen=True, order=True)
class Use:
    """A member (or signal `f(int)`) of a class; `cls` is "" where the text does not show the type."""

    cls: str
    member: str
    place: str


@dataclass(frozen=True)
class Type:
    """What an expression is: an object of `cls`, the class itself, or something of one of our own imports."""

    cls: str
    is_class: bool = False


FOREIGN = Type("", True)


class Reader(ast.NodeVisitor):
    """Collects the uses of one file; `returns` maps (class, method) to the class of its result."""

    def __init__(self, path: Path, returns: dict[tuple[str, str], str], ui: dict[str, str]) -> None:
        self.path, self.returns, self.ui = path, returns, ui
        self.uses: set[Use] = set()
        self.names: list[dict[str, Type]] = [{}]
        self.attributes: dict[str, Type] = {}

    def read(self) -> set[Use]:
        tree = ast.parse(self.path.read_text(encoding="utf-8"))
        for _ in range(2):  # the second time, what `self.x` is has been seen
            self.uses.clear()
            self.visit(tree)
        return self.uses

    def visit_Import(self, node: ast.Import) -> None:
        for name in node.names:
            top = (name.asname or name.name).split(".")[0]
            if top not in ROOTS:
                self.names[-1][top] = FOREIGN

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for name in node.names:
            known = name.name if (node.module or "").split(".")[0] in ROOTS else ""
            self.names[-1][name.asname or name.name] = Type(known, True) if known[:3] in ("vtk", "qMR") else FOREIGN

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.names.append({})
        for argument in [*node.args.args, *node.args.kwonlyargs]:
            if argument.annotation is not None:
                found = self.type_of(argument.annotation)
                if found is not None and found.is_class:
                    self.names[-1][argument.arg] = Type(found.cls)
        self.generic_visit(node)
        self.names.pop()

    def visit_Assign(self, node: ast.Assign) -> None:
        self.generic_visit(node)
        values = [node.value] * len(node.targets)
        targets = list(node.targets)
        if len(targets) == 1 and isinstance(targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple):
            targets, values = targets[0].elts, node.value.elts
        for target, value in zip(targets, values, strict=False):
            self._learn(target, self.type_of(value))

    def _learn(self, target: ast.expr, found: Type | None) -> None:
        if isinstance(target, ast.Name):
            if found is not None:
                self.names[-1][target.id] = found
            else:
                self.names[-1].pop(target.id, None)
        elif isinstance(target, ast.Attribute) and _is_self(target.value) and found is not None:
            self.attributes[target.attr] = found

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.generic_visit(node)
        dotted = _dotted(node)
        if dotted and dotted.split(".")[0] in ROOTS and dotted.count(".") == 1:
            if dotted not in OBJECTS and dotted != "slicer.modules":
                self._add(node.attr, "", node)
            return
        if dotted.startswith("slicer.modules."):
            return
        owner = self.type_of(node.value)
        if owner is FOREIGN or _is_self(node.value) or (owner is None and _is_own_root(node, self.names)):
            return
        self._add(owner.cls if owner is not None else "", node.attr, node)

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr in SIGNAL_CALLS and node.args:
            text = node.args[0]
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                owner = self.type_of(node.func.value)
                self._add(owner.cls if owner is not None else "", text.value.replace(" ", ""), node)

    def _add(self, cls: str, member: str, node: ast.AST) -> None:
        self.uses.add(Use(cls, member, f"{self.path.name}:{node.lineno}"))

    def type_of(self, node: ast.expr) -> Type | None:
        """The type that the text shows, None for unknown."""
        if isinstance(node, ast.Name):
            return next((scope[node.id] for scope in reversed(self.names) if node.id in scope), None)
        if isinstance(node, ast.Attribute):
            return self._type_of_attribute(node)
        if isinstance(node, ast.Call):
            return self._type_of_call(node)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return self.type_of(node.left)
        return None

    def _type_of_attribute(self, node: ast.Attribute) -> Type | None:
        dotted = _dotted(node)
        if dotted in OBJECTS:
            return Type(OBJECTS[dotted])
        if dotted.startswith("slicer.modules"):
            return None
        if dotted and dotted.split(".")[0] in ROOTS and dotted.count(".") == 1:
            return Type(node.attr, True)
        if _is_self(node.value):
            return self.attributes.get(node.attr)
        if isinstance(node.value, ast.Attribute | ast.Name) and (_dotted(node.value) or "").endswith("ui"):
            return Type(self.ui[node.attr]) if node.attr in self.ui else None
        owner = self.type_of(node.value)
        return FOREIGN if owner is FOREIGN else None

    def _type_of_call(self, node: ast.Call) -> Type | None:
        function = self.type_of(node.func)
        if function is FOREIGN:
            return FOREIGN
        if function is not None and function.is_class:
            return Type(function.cls)
        if not isinstance(node.func, ast.Attribute):
            return None
        for argument in node.args if node.func.attr in MAKES_NODE else ():
            if isinstance(argument, ast.Constant) and str(argument.value).startswith("vtkMRML"):
                return Type(argument.value)
        owner = self.type_of(node.func.value)
        found = self.returns.get((owner.cls if owner is not None else "", node.func.attr))
        return Type(found) if found else None


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = _dotted(node.value)
        return f"{inner}.{node.attr}" if inner else ""
    return ""


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


def _is_own_root(node: ast.Attribute, names: list[dict[str, Type]]) -> bool:
    root = _dotted(node).split(".")[0]
    return any(scope.get(root) is FOREIGN for scope in names)
