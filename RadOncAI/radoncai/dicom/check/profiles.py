"""What each planning system takes, as data: how to draw for it, and rules with their source."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from radoncai.core.errors import InputError
from radoncai.core.resources import resources, user_folder

SEVERITIES = ("error", "warning", "note")


@dataclass(frozen=True)
class Rule:
    """One check with its limit and where that comes from. `severity`: error, warning or note."""

    check: str
    severity: str
    source: str
    limit: float | None = None
    unit: str = ""
    pattern: str = ""


@dataclass(frozen=True)
class Profile:
    """How contours are drawn for a planning system by default, and what it is known to stumble over."""

    name: str
    title: str
    contours: str = "exact"
    holes: str = "keyhole"
    approve: bool = False
    rejected: str = "leave_out"
    rules: tuple[Rule, ...] = ()

    @property
    def writing(self) -> dict[str, object]:
        """The keyword arguments of `write_rtstruct` that the profile decides."""
        return {"contours": self.contours, "holes": self.holes, "approve": self.approve, "rejected": self.rejected}


def profile_names() -> tuple[str, ...]:
    """Profiles that come along and those of the user's own folder; generic is the first."""
    names = {path.stem for folder in _folders() for path in folder.glob("*.json")}
    return ("generic", *sorted(names - {"generic"}))


def load_profile(name: str = "generic") -> Profile:
    """A profile by its name; the user's file of that name overrides.

    Rules of the profile that it extends hold where it has none of its own. InputError for a name that is not there and
    for a file that is no profile.
    """
    return _load(name.casefold(), ())


def _folders() -> tuple[Path, ...]:
    return user_folder() / "templates" / "profiles", resources() / "Templates" / "profiles"


def _load(name: str, seen: tuple[str, ...]) -> Profile:
    path = next((f / f"{name}.json" for f in _folders() if (f / f"{name}.json").is_file()), None)
    if path is None or name in seen:
        raise InputError(f"There is no profile {name}; choose from {', '.join(profile_names())}.")
    try:
        row = json.loads(path.read_text(encoding="utf-8"))
        rules = {r["check"]: Rule(**r) for r in row.get("rules", ())}
        base = _load(row["extends"], (*seen, name)).rules if row.get("extends") else ()
        settings = {k: row[k] for k in ("contours", "holes", "approve", "rejected") if k in row}
        merged = {r.check: r for r in base} | rules
        wrong = [r.check for r in merged.values() if r.severity not in SEVERITIES]
        if wrong:
            raise ValueError(wrong[0])
        return Profile(row["name"], row["title"], rules=tuple(merged.values()), **settings)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"The profile {path} is damaged ({type(error).__name__}: {error}); mend it.") from error
