"""What goes over the pipe: one JSON object a line, requests in, events out."""

from __future__ import annotations

import json
import os
import threading
from typing import Any

from radoncai.core.errors import InputError

UPDATE = "update the modules and the library together"
KINDS = ("input", "model", "platform", "cancelled", "bug")


class Channel:
    """Events to the parent, one line each, from any thread; what the parent no longer reads is dropped."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()

    def send(self, event: str, **fields: Any) -> None:
        line = json.dumps({"event": event, **fields}, ensure_ascii=False, default=plain) + "\n"
        rest = memoryview(line.encode("utf-8", "replace"))
        with self._lock:
            try:
                while rest:
                    rest = rest[os.write(self._descriptor, rest):]
            except OSError:
                pass


def plain(value: object) -> object:
    """numpy numbers, arrays and paths as JSON knows them."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return str(value)


def parse(line: bytes) -> dict[str, Any]:
    """One request. Raises InputError for what is no JSON object with a known `do`."""
    try:
        request = json.loads(line)
    except ValueError:
        raise InputError(f"The worker got a line that is no JSON; {UPDATE}.") from None
    if not isinstance(request, dict) or request.get("do") not in ("run", "cancel", "quit"):
        raise InputError(f"The worker got a request that it does not know; {UPDATE}.")
    return request


def field(request: dict[str, Any], name: str, kind: type | tuple[type, ...]) -> Any:
    """A field that must be there. Raises InputError that names it."""
    value = request.get(name)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise InputError(f"The request lacks a usable '{name}'; {UPDATE}.")
    return value


def optional(request: dict[str, Any], name: str, kind: type | tuple[type, ...]) -> Any:
    """A field that may be absent or null. Raises InputError where it is of another kind."""
    return None if request.get(name) is None else field(request, name, kind)
