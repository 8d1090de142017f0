"""Several models on the images of one patient, one after the other, their structures on the planning image."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from radoncai.contour.findings import check_all
from radoncai.contour.images.carry import carried
from radoncai.contour.images.placed import Placed, assigned
from radoncai.contour.job import ContourResult, contour
from radoncai.contour.presets.choose import Share
from radoncai.contour.presets.preset import PresetStructure
from radoncai.core.errors import InputError
from radoncai.core.progress import Progress
from radoncai.core.structures import Structure, StructureSet
from radoncai.core.templates import match
from radoncai.models.options import PLAIN, RunOptions


@dataclass(frozen=True, eq=False)
class Images:
    """The planning image and what lies beside it."""

    planning: Placed
    others: tuple[Placed, ...] = ()


def run_shares(shares: Sequence[Share], images: Images, progress: Progress,
               options: RunOptions = PLAIN) -> list[ContourResult]:
    """Each model once; with several, the steps are told with the model's name in front.

    Raises what `contour` does, and InputError for a further image that the one model does not read; a preset says so.
    """
    said = _unused(shares, images)
    if said and not any(share.gives for share in shares):
        raise InputError(f"{said[0].removesuffix('.')}; leave it out.")
    results = []
    for share in shares:
        name = _called(share, shares)
        own = progress.part(name) if len(shares) > 1 else progress
        results.append(run_share(share, images, own, options))
        if own is not progress:
            progress.seconds |= {f"{name}: {step}": s for step, s in own.seconds.items()}
    return [replace(results[0], warnings=(*results[0].warnings, *said)), *results[1:]] if said else results


def run_share(share: Share, images: Images, progress: Progress, options: RunOptions = PLAIN) -> ContourResult:
    """One model on the images that it wants, its structures on the planning image under the names of the share.

    A model whose first image is not the planning image (an MR model) runs on that one, in its own space, and its masks
    are carried over by the image's registration.
    """
    spec = share.model.model
    used = assigned(spec, images.planning, images.others)
    base = used[spec.images[0].name]
    further = {name: placed.seen_from(base) for name, placed in used.items() if placed is not base}
    result = contour(base.volume, share.model, structures=share.asked, device=options.device, progress=progress,
                     flips=options.flips, override=options.override, uncertainty=options.uncertainty,
                     images=further, folds=options.folds)
    said = (*result.warnings, *(w for p in used.values() if p is not base for w in p.volume.source.warnings),
            *(w for p in used.values() for w in p.said))
    result = replace(result, warnings=tuple(dict.fromkeys(said)), inputs={n: p.inputs for n, p in used.items()})
    if base is not images.planning:
        progress.step("bringing the contours to the planning image")
        moved = carried(result.structures, base.to_planning, images.planning.volume)
        result = replace(result, structures=moved, entropy=None, warnings=(
            *result.warnings, f"The contours of {share.model.title} were drawn on the image {base.name} and brought to "
                              "the planning image by its registration."))
        progress.finish()
    return _named(result, share, base, images) if share.gives else result


def _unused(shares: Sequence[Share], images: Images) -> tuple[str, ...]:
    """A sentence for each further image that no model reads."""
    read = [p for s in shares for p in assigned(s.model.model, images.planning, images.others).values()]
    models = " and ".join(dict.fromkeys(s.model.name for s in shares))
    return tuple(f"The image {o.name} is not read by {models}." for o in images.others if o not in read)


def _called(share: Share, shares: Sequence[Share]) -> str:
    same = sum(s.model.name == share.model.name for s in shares) > 1
    return f"{share.model.name}@{share.model.version}" if same else share.model.name


def _named(result: ContourResult, share: Share, base: Placed, images: Images) -> ContourResult:
    """The structures of the preset out of the model's: parts united, names of TG-263 and then the clinic's."""
    found, missing = [], {}
    for row in share.structures:
        parts = [result.structures.find(o) for o in share.gives[row.label]]
        if None in parts:
            gone = next(o for o, p in zip(share.gives[row.label], parts, strict=True) if p is None)
            why = result.structures.missing.get(gone, "the model gave no answer for it")
            missing[row.label] = why if len(parts) == 1 else f"{gone}: {why}"
        else:
            found.append(_one(row, parts))
    named = replace(result.structures, structures=tuple(found), missing=missing)
    if any(len(share.gives[row.label]) > 1 for row in share.structures) and base is images.planning:
        named = check_all(named, images.planning.volume)
    labels = {row.name: row.label for row in share.structures}
    entropies = {row.label: result.entropies[share.gives[row.label][0]] for row in share.structures
                 if len(share.gives[row.label]) == 1 and share.gives[row.label][0] in result.entropies}
    return replace(result, structures=_labelled(named, labels), outputs=share.gives, entropies=entropies)


def _one(row: PresetStructure, parts: Sequence[Structure]) -> Structure:
    """A structure under its TG-263 name; several outputs are united."""
    first = parts[0]
    template = match(row.name)
    looks = {"color": template.color, "code": template.code, "standard_name": template.name} if template else {}
    whole = first if len(parts) == 1 else _united(parts)
    return replace(whole, name=row.name, role=row.role, **looks)


def _united(parts: Sequence[Structure]) -> Structure:
    sides = list(zip(*(p.box for p in parts), strict=True))
    box = tuple(slice(min(b.start for b in side), max(b.stop for b in side)) for side in sides)
    mask = np.zeros([b.stop - b.start for b in box], bool)
    for part in parts:
        inner = tuple(slice(p.start - b.start, p.stop - b.start) for p, b in zip(part.box, box, strict=True))
        mask[inner] |= part.mask
    return replace(parts[0], mask=mask, box=box, uncertainty=None, findings=())


def _labelled(structures: StructureSet, labels: dict[str, str]) -> StructureSet:
    """The clinic's names on the structures and in what was said about them."""
    changed = {name: label for name, label in labels.items() if name != label}
    if not changed:
        return structures
    words = re.compile(rf"\b({'|'.join(map(re.escape, changed))})\b")

    def said(texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(words.sub(lambda m: changed[m.group()], text) for text in texts)
    return replace(structures, structures=tuple(
        replace(s, name=changed.get(s.name, s.name), findings=said(s.findings)) for s in structures))
