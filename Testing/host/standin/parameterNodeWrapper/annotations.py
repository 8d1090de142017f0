"""What `Annotated[...]` may say about a parameter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Default:
    """The value of a parameter that nobody has set; `generator` makes a new one each time."""

    value: object = None
    generator: Callable[[], object] | None = None

    def make(self) -> object:
        return self.generator() if self.generator is not None else self.value


@dataclass(frozen=True)
class Minimum:
    minimum: float

    def validate(self, value) -> None:
        if value < self.minimum:
            raise ValueError(f"Value must be greater than or equal to {self.minimum}, got {value}")


@dataclass(frozen=True)
class Maximum:
    maximum: float

    def validate(self, value) -> None:
        if value > self.maximum:
            raise ValueError(f"Value must be less than or equal to {self.maximum}, got {value}")


@dataclass(frozen=True)
class WithinRange:
    minimum: float
    maximum: float

    def validate(self, value) -> None:
        if not self.minimum <= value <= self.maximum:
            raise ValueError(f"Value must be within [{self.minimum}, {self.maximum}], got {value}")


@dataclass(frozen=True)
class Choice:
    choices: Sequence

    def validate(self, value) -> None:
        if value not in self.choices:
            raise ValueError(f"Value must be one of {list(self.choices)}, got {value!r}")


@dataclass(frozen=True)
class Decimals:
    value: int


@dataclass(frozen=True)
class SingleStep:
    value: float
