"""A dark canvas with a CT slice on it: fills, strokes, words, scale bar. Sizes are in pixels of the canvas."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from radoncai.core.isolines import contour_lines
from radoncai.core.volume import Volume
from radoncai.report.colours import Rgb
from radoncai.report.lines import coverage, densify
from radoncai.report.views import View, sample

SOFT_TISSUE = (40.0, 400.0)
INK = (238, 242, 246)
TEXT = 25.0
STATUS = (255, 214, 102)
# the font that comes with Pillow holds Latin letters only
PLAIN = str.maketrans({"−": "-", "–": "-", "²": "2", "³": "3", "≤": "<", "≥": ">"})


def font(size: float) -> ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)


def grey(ct: Volume, view: View, window: tuple[float, float] = SOFT_TISSUE) -> np.ndarray:
    """The slice as RGB float32 0 to 255 in a window (level, width) in HU; other units stretch to their percentiles."""
    level, width = window
    if ct.unit != "HU":
        low, high = np.percentile(ct.array[::2, ::4, ::4], (1, 99.5))
        level, width = (low + high) / 2, max(float(high - low), 1e-6)
    limits = (level - width, level + width)
    values = sample(ct.array, ct.grid, view, order=3, outside=limits[0], limits=limits)
    shade = np.clip((values - level) / width + 0.5, 0.0, 1.0) * 255.0
    return np.repeat(shade[..., None], 3, axis=2).astype(np.float32)


def blend(canvas: np.ndarray, share: np.ndarray, color: Rgb) -> None:
    """Mix a colour into the canvas in place, `share` 0 to 1 for each pixel."""
    canvas += share[..., None] * (np.array(color, np.float32) - canvas)


def stroke(canvas: np.ndarray, field: np.ndarray, level: float, color: Rgb, *, at: tuple[int, int] = (0, 0),
           width: float = 1.5, dash: tuple[float, float] | None = None, halo: float = 0.55) -> bool:
    """Draw the line where `field` crosses `level`, its first pixel at column and row `at`. False where there is none.

    A dark rim of one pixel keeps the line readable on bone; `halo` is its strength.
    """
    lines = contour_lines(field, level)
    if not lines:
        return False
    points = np.concatenate([densify(line, dash=dash) for line in lines])
    reach = int(width) + 3
    low = np.maximum(np.floor(points.min(axis=0)).astype(int) - reach, 0)
    high = np.ceil(points.max(axis=0)).astype(int) + reach
    part = canvas[at[1]:at[1] + field.shape[0], at[0]:at[0] + field.shape[1]][low[1]:high[1], low[0]:high[0]]
    if halo:
        blend(part, halo * coverage(part.shape[:2], points - low, width + 2.0), (0, 0, 0))
    blend(part, coverage(part.shape[:2], points - low, width), color)
    return True


def to_image(canvas: np.ndarray) -> Image.Image:
    return Image.fromarray(np.clip(np.round(canvas), 0, 255).astype(np.uint8), "RGB")


def words(draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, *, size: float = TEXT, color: Rgb = INK,
          anchor: str = "la") -> None:
    """Text with a dark rim."""
    draw.text(at, text.translate(PLAIN), font=font(size), fill=color, anchor=anchor, stroke_width=2,
              stroke_fill=(0, 0, 0))


def plate(image: Image.Image, lines: Sequence[tuple[str, float]], *, right: bool, bottom: bool,
          extra: float = 0.0) -> None:
    """Darken the corner in which the lines (text, size) will stand, so that they are readable on bone."""
    width = max(font(size).getlength(text.translate(PLAIN)) for text, size in lines) + 1.2 * lines[0][1] + extra
    height = 0.75 * lines[0][1] + sum(1.25 * size for _, size in lines)
    x, y = image.width - width if right else 0.0, image.height - height if bottom else 0.0
    box = tuple(int(round(v)) for v in (x, y, x + width, y + height))
    image.paste(image.crop(box).point(lambda v: int(0.4 * v)), box[:2])


def scale_bar(image: Image.Image, mm_per_pixel: float, *, size: float = TEXT) -> tuple[int, float]:
    """Draw a bar of a round number of cm at the lower left; returns its length in (cm, pixels)."""
    room = 0.28 * image.width * mm_per_pixel / 10
    length = max([n for n in (1, 2, 5, 10, 20) if n <= room], default=1)
    pixels = length * 10 / mm_per_pixel
    draw = ImageDraw.Draw(image)
    x, y = 0.7 * size, image.height - 1.7 * size
    draw.rectangle((x - 1.5, y - 4.5, x + pixels + 1.5, y + 4.5), fill=(0, 0, 0))
    draw.rectangle((x, y - 3, x + pixels - 1, y + 3), fill=INK)
    words(draw, (x, y - 0.4 * size), f"{length} cm", size=0.85 * size, anchor="ld")
    return length, pixels


def annotate(image: Image.Image, view: View, title: str, status: str, *, size: float = TEXT) -> None:
    """Title at the upper left, status words at the lower right, orientation letters on the edges, scale bar.

    A comma breaks the title, and the status where it would reach the letter in the middle.
    """
    draw = ImageDraw.Draw(image)
    pad = 0.6 * size
    left, right, top, bottom = view.letters
    words(draw, (pad, image.height / 2), left, size=1.15 * size, anchor="lm")
    words(draw, (image.width - pad, image.height / 2), right, size=1.15 * size, anchor="rm")
    words(draw, (image.width / 2, pad), top, size=1.15 * size, anchor="ma")
    words(draw, (image.width / 2, image.height - pad), bottom, size=1.15 * size, anchor="md")
    first, _, second = title.partition(", ")
    plate(image, [(first, size), (second, 0.85 * size)], right=False, bottom=False)
    words(draw, (pad, pad), first, size=size)
    words(draw, (pad, pad + 1.25 * size), second, size=0.85 * size)
    lines = status.split(", ")
    if font(size).getlength(status) < image.width / 2 - 2 * size:
        lines = [status]
    plate(image, [(line, size) for line in lines], right=True, bottom=True)
    for row, line in enumerate(reversed(lines)):
        ending = "" if row == 0 else ","
        words(draw, (image.width - pad, image.height - pad - 1.25 * size * row), line + ending, size=size,
              color=STATUS, anchor="rd")
    scale_bar(image, view.mm_per_pixel, size=size)


def key(image: Image.Image, entries: Sequence[tuple[str, Rgb]], *, size: float = 0.9 * TEXT) -> None:
    """A column of coloured squares with words at the upper right."""
    draw = ImageDraw.Draw(image)
    pad, step = 0.6 * size, 1.35 * size
    if entries:
        plate(image, [(text, 1.08 * size) for text, _ in entries], right=True, bottom=False, extra=size)
    for row, (text, color) in enumerate(entries):
        y = pad + row * step
        x = image.width - pad - 0.8 * size
        draw.rectangle((x - 1, y, x + 0.8 * size, y + 0.8 * size), fill=color, outline=(0, 0, 0))
        words(draw, (x - 0.5 * size, y + 0.4 * size), text, size=size, anchor="rm")
