"""Signals as PythonQt offers them: `connect("clicked(bool)", f)`, `clicked.connect(f)`, emitted by calling."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from PySide6.QtCore import QMetaMethod, QMetaObject, QObject

from .errors import keep


class CppSignal:
    """A signal of a stand-in, declared with the C++ argument lists that the real class has, the usual one first."""

    def __init__(self, *overloads: str) -> None:
        self.overloads = overloads or ("",)
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, obj: QObject | None, cls: type | None = None):
        return self if obj is None else BoundSignal(obj, self.name)

    def signatures(self) -> list[str]:
        return [normal(f"{self.name}({overload})") for overload in self.overloads]


class BoundSignal:
    """One signal of one object. There is no `emit` on a C++ signal: it is called."""

    def __init__(self, sender: QObject, name: str, native=None) -> None:
        self._sender, self._name, self._native = sender, name, native

    def connect(self, receiver: Callable) -> bool:
        return connect(self._sender, signatures(self._sender, self._name)[0], receiver)

    def disconnect(self, receiver: Callable | None = None) -> bool:
        return disconnect(self._sender, self._name, receiver)

    def __call__(self, *values) -> None:
        if self._native is not None:
            self._native.emit(*values)
        elif not self._sender.signalsBlocked():
            for signature, _, call in list(self._sender.__dict__.get("_wires", ())):
                if signature.partition("(")[0] == self._name:
                    call(*_as_declared(signature, values))


def normal(signature: str) -> str:
    """The signature without `const`, `&` and blanks, as Qt compares it."""
    return bytes(QMetaObject.normalizedSignature(signature).data()).decode()


def _as_declared(signature: str, values: tuple) -> tuple:
    """`currentNodeChanged(bool)` hears whether there is a node."""
    arguments = _arguments(signature)
    if arguments == ["bool"] and values and not isinstance(values[0], bool):
        return (values[0] is not None,)
    return values[: len(arguments)]


def _arguments(signature: str) -> list[str]:
    inside = signature.partition("(")[2].rstrip(")")
    return [argument for argument in inside.split(",") if argument]


def signatures(sender: QObject, name: str) -> list[str]:
    """Every overload of the signal that the object has."""
    declared = inspect.getattr_static(type(sender), name, None)
    if isinstance(declared, CppSignal):
        return declared.signatures()
    meta = sender.metaObject()
    methods = [meta.method(i) for i in range(meta.methodCount())]
    known = [bytes(m.methodSignature().data()).decode() for m in methods if m.methodType() == QMetaMethod.Signal]
    return [signature for signature in known if signature.partition("(")[0] == name]


def _find(sender: QObject, text: str) -> str:
    known = signatures(sender, text.partition("(")[0].strip())
    wanted = normal(text)
    if wanted not in known:
        has = f"; it has {', '.join(known)}" if known else ""
        raise ValueError(f"{type(sender).__name__} has no signal {text}{has}")
    return wanted


def _taken(receiver: Callable, count: int) -> int:
    """How many of `count` arguments a Python function takes; the rest is dropped."""
    try:
        parameters = list(inspect.signature(receiver).parameters.values())
    except (TypeError, ValueError):
        return count
    if any(p.kind == p.VAR_POSITIONAL for p in parameters):
        return count
    return min(count, sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters))


def guarded(receiver: Callable, place: str, count: int = 99) -> Callable:
    """The receiver with surplus arguments dropped and its exceptions kept in `host.errors`."""
    used = _taken(receiver, count)

    def call(*values) -> None:
        try:
            receiver(*values[:used])
        except Exception as error:
            keep(place, error)

    return call


def connect(sender: QObject, text: str, receiver, slot: str | None = None) -> bool:
    """Connect a signal; an unknown signature is an error (PythonQt prints a line and returns False)."""
    if slot is not None:
        receiver = getattr(receiver, slot.partition("(")[0])
    signature = _find(sender, text)
    call = guarded(receiver, f"{type(sender).__name__}.{signature}", len(_arguments(signature)))
    sender.__dict__.setdefault("_wires", []).append((signature, receiver, call))
    native = _native(sender, signature)
    if native is not None:
        native.connect(call)
    return True


def disconnect(sender: QObject, text: str | None = None, receiver=None, slot: str | None = None) -> bool:
    """Undo `connect` with the same words; True when something was connected."""
    if slot is not None:
        receiver = getattr(receiver, slot.partition("(")[0])
    wires = sender.__dict__.get("_wires", [])
    gone = [w for w in wires if _matches(w, text, receiver)]
    for wire in gone:
        native = _native(sender, wire[0])
        if native is not None:
            native.disconnect(wire[2])
    sender.__dict__["_wires"] = [w for w in wires if w not in gone]
    return bool(gone)


def _matches(wire: tuple, text: str | None, receiver) -> bool:
    if receiver is not None and wire[1] != receiver:
        return False
    if text is None:
        return True
    return wire[0] == normal(text) if "(" in text else wire[0].partition("(")[0] == text


def _native(sender: QObject, signature: str):
    """PySide's own signal for one overload; None for a stand-in's signal."""
    name, _, inside = signature.partition("(")
    bound = getattr(sender, name)._native
    if bound is None or len(signatures(sender, name)) == 1:
        return bound
    try:
        return bound[inside[:-1]]
    except (IndexError, KeyError, TypeError):
        return bound
