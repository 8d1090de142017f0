"""Colours of structures, isodoses, tissues and verdicts. RGB triples 0 to 255."""

from __future__ import annotations

import colorsys

from radoncai.core.structures import StructureSet

Rgb = tuple[int, int, int]

OKABE_ITO = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7")
ISODOSES = ("#0072B2", "#56B4E9", "#009E73", "#F0E442", "#E69F00", "#D55E00", "#CC79A7")
TISSUES = {1: ("muscle", "#D55E00"), 2: ("SAT", "#56B4E9"), 3: ("VAT", "#F0E442"), 4: ("IMAT", "#009E73"),
           5: ("unclassified fat", "#CC79A7")}
TARGET_ROLES = ("gtv", "ctv", "ptv")
OUTLINE_ROLES = ("external", "support")
OUTLINE = (190, 198, 206)
DEFAULT = (255, 255, 0)


def rgb(code: str) -> Rgb:
    """'#D55E00' to (213, 94, 0)."""
    return tuple(int(code[n:n + 2], 16) for n in (1, 3, 5))


def hex_code(color: Rgb) -> str:
    return "#{:02X}{:02X}{:02X}".format(*color)


def luminance(color: Rgb) -> float:
    """Relative luminance 0 to 1 (WCAG 2.2, sRGB)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in color)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def within_luminance(color: Rgb, low: float, high: float) -> Rgb:
    """The nearest lighter or darker colour of the same hue whose relative luminance lies between `low` and `high`."""
    hue, light, saturation = colorsys.rgb_to_hls(*(v / 255 for v in color))
    step = 0.01 if luminance(color) < low else -0.01
    while not low <= luminance(color) <= high and 0.0 < light + step < 1.0:
        light += step
        color = tuple(round(255 * v) for v in colorsys.hls_to_rgb(hue, light, saturation))
    return color


def on_image(color: Rgb) -> Rgb:
    """Light enough to be seen on a dark CT."""
    return within_luminance(color, 0.22, 1.0)


def on_page(color: Rgb) -> Rgb:
    """Contrast of at least 3 to 1 on white and on a dark page alike."""
    return within_luminance(color, 0.14, 0.28)


def structure_colors(structures: StructureSet) -> dict[str, Rgb]:
    """Name to colour: the structure's own, or the next free one of the palette where it has none of its own."""
    taken: set[Rgb] = set()
    spare = [rgb(code) for code in OKABE_ITO] + [on_image(rgb(code)) for code in ("#8A2BE2", "#A0522D", "#7FFF00")]
    colors: dict[str, Rgb] = {}
    for structure in structures:
        color = tuple(int(v) for v in structure.color)
        if structure.role in OUTLINE_ROLES:
            colors[structure.name] = OUTLINE
            continue
        if color in taken or color == DEFAULT:
            color = next((c for c in spare if c not in taken), color)
        taken.add(color)
        colors[structure.name] = color
    return colors
