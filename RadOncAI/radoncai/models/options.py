"""How a person wants a model to be run."""

from __future__ import annotations

from dataclasses import dataclass, replace

from radoncai.models.spec import ModelSpec


@dataclass(frozen=True)
class RunOptions:
    """`flips`: also run mirrored and take the mean; `uncertainty`: also give entropies; `override`: run on an image
    outside the model's applicability; `folds`: which members of an ensemble, by number (None: all).
    """

    device: str = "auto"
    flips: bool = False
    uncertainty: bool = False
    override: bool = False
    folds: tuple[int, ...] | None = None

    def allowed_by(self, spec: ModelSpec) -> tuple[RunOptions, tuple[str, ...]]:
        """The options without mirrored passes where the model does not allow them, and the sentence that says so."""
        if not self.flips or spec.flips or spec.flips_always:
            return self, ()
        return replace(self, flips=False), (f"The model {spec.name} was not made to be run mirrored; it ran straight.",)

    def mirrors(self, spec: ModelSpec) -> bool:
        """Whether a run with these options has mirrored passes."""
        return spec.flips_always or (self.flips and spec.flips)


PLAIN = RunOptions()
COMMANDS = {"contour": "contour", "dose": "dose", "level": "bodycomp", "tissue": "bodycomp", "image": "image"}


def other_task(spec: ModelSpec, wanted: str) -> str:
    """The sentence for a model that does not give what is `wanted`, with the command that runs it."""
    return (f"The model {spec.name} is made for the task {spec.task}, not for {wanted}; radoncai {COMMANDS[spec.task]} "
            "runs it.")
