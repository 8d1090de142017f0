"""The images that a model wants beside the planning image; nothing is shown where it wants none."""

from __future__ import annotations

from collections.abc import Callable

from RadOncAILib.scene.image import modality_of
from RadOncAILib.widgets import build

from . import registering
from .image_row import ImageRow


class FurtherImages:
    """`start` is the panel's RunBlock.start."""

    def __init__(self, placeholder, start: Callable, on_change: Callable[[], None]) -> None:
        self.widget, self._start, self._on_change = placeholder, start, on_change
        self.rows: list[ImageRow] = []
        self._box = build.column(placeholder, 6)
        placeholder.hide()

    def offer(self, model: dict | None, planning) -> None:
        """A row for each image that the model wants beside `planning`."""
        wanted = beside(model, planning)
        if wanted != [row.wanted for row in self.rows]:
            for row in self.rows:
                self._box.removeWidget(row.widget)
                row.close()
            self.rows = [ImageRow(image, self._start, self._on_change) for image in wanted]
            for row in self.rows:
                self._box.addWidget(row.widget)
            self.widget.setVisible(bool(self.rows))
        for row in self.rows:
            if row.planning is not planning or not row.relation and not row.waiting:
                row.look(planning)

    @property
    def missing(self) -> str:
        return next((row.missing for row in self.rows if row.missing), "")

    def request(self, folder) -> dict[str, dict]:
        """The field `images` of the worker's `contour`."""
        return {row.name: registering.further_request(folder, row.volume, row.planning, f"image_{n}.npy")
                for n, row in enumerate(self.rows)}

    def forget(self) -> None:
        for row in self.rows:
            row.forget()


def beside(model: dict | None, planning) -> list[dict]:
    """The images of a model's row that are not the planning image; for an MR model on a CT its MR too."""
    images = list((model or {}).get("images") or ())
    other = own_image(model, planning)
    return [other, *images[1:]] if other else images[1:]


def own_image(model: dict | None, planning) -> dict | None:
    """What the model works on where that is no image of the planning image's kind, None else."""
    images = (model or {}).get("images") or ()
    kinds = tuple((model or {}).get("modality") or ())
    kind = modality_of(planning) if planning is not None else ""
    return {**images[0], "modality": kinds[0]} if images and kinds and kind and kind not in kinds else None
