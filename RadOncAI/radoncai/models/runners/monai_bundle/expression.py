"""The arithmetic that bundles write after a `$`: numbers, texts, lists, references; no names, no calls of objects."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from typing import Any

REFERENCE = re.compile(r"@(\w+(?:(?:::|#)\w+)*)")
MOST_CHARACTERS, MOST_ITEMS, LARGEST = 1000, 10_000, 1 << 63

_CONSTANTS = {"True": True, "False": False, "None": None}
_CALLS: dict[str, Callable[..., Any]] = {
    "len": len, "int": int, "float": float, "bool": bool, "min": min, "max": max, "sum": sum, "round": round,
    "abs": abs, "tuple": tuple, "list": list, "range": lambda *a: list(_short(range(*a))),
}
_BINARY = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
           ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod}
_UNARY = {ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Not: operator.not_}
_COMPARE = {ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le,
            ast.Gt: operator.gt, ast.GtE: operator.ge, ast.In: lambda a, b: a in b}
_DTYPES = ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool", "long", "float", "int")


class NotAllowed(ValueError):
    """What an expression asks for beyond arithmetic."""


def evaluate(text: str, refer: Callable[[str], Any], dtype: Callable[[str], Any]) -> Any:
    """The value of an expression, given without its `$`.

    `refer` gives what `@id` stands for, `dtype` the data type that `torch.NAME` or `np.NAME` stands for.
    Raises NotAllowed for everything that is not arithmetic on numbers, texts, lists and references.
    """
    if len(text) > MOST_CHARACTERS:
        raise NotAllowed("an expression of more than 1000 characters")
    ids: list[str] = []

    def mark(found: re.Match) -> str:
        ids.append(found.group(1).replace("#", "::"))
        return f"__{len(ids) - 1}"
    try:
        tree = ast.parse(REFERENCE.sub(mark, text).strip(), mode="eval")
        return _value(tree.body, lambda n: refer(ids[n]), dtype)
    except NotAllowed:
        raise
    except (SyntaxError, RecursionError, ArithmeticError, TypeError, ValueError, LookupError, MemoryError):
        raise NotAllowed("no arithmetic") from None


def _value(node: ast.AST, refer: Callable[[int], Any], dtype: Callable[[str], Any]) -> Any:
    def go(part: ast.AST) -> Any:
        return _value(part, refer, dtype)
    match node:
        case ast.Constant(value=value) if value is None or isinstance(value, (int, float, str)):
            return value
        case ast.Name(id=name) if name in _CONSTANTS:
            return _CONSTANTS[name]
        case ast.Name(id=name) if name[:2] == "__" and name[2:].isdigit():
            return refer(int(name[2:]))
        case ast.List(elts=parts):
            return [go(p) for p in parts]
        case ast.Tuple(elts=parts):
            return tuple(go(p) for p in parts)
        case ast.Dict(keys=keys, values=values) if None not in keys:
            return {go(k): go(v) for k, v in zip(keys, values, strict=True)}
        case ast.UnaryOp(op=op, operand=part) if type(op) in _UNARY:
            return _UNARY[type(op)](_plain(go(part)))
        case ast.BinOp(op=op, left=left, right=right) if type(op) in _BINARY:
            return _arithmetic(op, go(left), go(right))
        case ast.BoolOp(op=op, values=parts):
            return _decided(isinstance(op, ast.And), (_plain(go(p)) for p in parts))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARE:
            return _COMPARE[type(op)](_plain(go(left)), _plain(go(right)))
        case ast.IfExp(test=test, body=body, orelse=other):
            return go(body) if _plain(go(test)) else go(other)
        case ast.Subscript(value=part, slice=index):
            return _plain(go(part))[_plain(go(index))]
        case ast.Call(func=ast.Name(id=name), args=parts, keywords=[]) if name in _CALLS:
            return _CALLS[name](*(_plain(go(p)) for p in parts))
        case ast.Attribute(value=ast.Name(id="torch" | "np" | "numpy"), attr=name) if name in _DTYPES:
            return dtype(name)
    raise NotAllowed(f"{ast.unparse(node)[:60]!r}")


def _arithmetic(op: ast.operator, left: Any, right: Any) -> Any:
    """Texts and lists may be joined and repeated within bounds; `%` is for numbers, not for formatting texts."""
    left, right = _plain(left), _plain(right)
    numbers = [v for v in (left, right) if isinstance(v, (int, float))]
    longest = max((len(v) for v in (left, right) if not isinstance(v, (int, float))), default=0)
    if len(numbers) < 2 and not isinstance(op, (ast.Add, ast.Mult)):
        raise NotAllowed("arithmetic with texts or lists")
    if len(numbers) == 1 and longest * numbers[0] > MOST_ITEMS:
        raise NotAllowed("a list of more than 10000 items")
    out = _BINARY[type(op)](left, right)
    if isinstance(out, int) and abs(out) > LARGEST:
        raise NotAllowed("a number beyond 64 bits")
    return out if isinstance(out, (int, float)) else _short(out)


def _decided(all_of: bool, parts: Any) -> Any:
    value = all_of
    for value in parts:
        if bool(value) != all_of:
            break
    return value


def _plain(value: Any) -> Any:
    """Operators of objects are their own code; only those of plain values are used."""
    if value is None or isinstance(value, (bool, int, float, str, list, tuple, dict)):
        return value
    raise NotAllowed(f"arithmetic with a {type(value).__name__}")


def _short(value: Any) -> Any:
    if len(value) > MOST_ITEMS:
        raise NotAllowed("a list of more than 10000 items")
    return value
