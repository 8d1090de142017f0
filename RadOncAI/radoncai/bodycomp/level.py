"""Which slice is L3: iliac crests on the chain of endplates, checked by sacrum, ribs and the flank without bone.

Found without training. A wrong silent level is worse than a question, so whatever is missing is said and refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from radoncai.bodycomp import landmarks
from radoncai.bodycomp.upright import upright
from radoncai.core.errors import InputError
from radoncai.core.progress import Progress
from radoncai.core.volume import Volume

SIDES_AGREE_MM, FREE_FLANK_MM, NEAR_CHAIN_MM = 12.0, 20.0, 20.0
VOTE_AGREES_MM = 17.0
FLANK_TO_L3_MM, FLANK_MARGIN_MM = 18.0, 10.0
RIB_REACH_MM, PROCESS_REACH_MM, SACRUM_REACH_MM = 60.0, 57.0, 75.0
FEW_SLICES_MM = 60.0
BELOW_CREST_MM, ABOVE_CREST_MM = 190.0, 260.0
PITCH_MM = (22.0, 50.0)
NAMES = ("S1", "L5", "L4", "L3", "L2", "L1", "T12", "T11", "T10", "T9", "T8", "T7", "T6", "T5", "T4", "T3", "T2", "T1")
GIVEN = "given, not checked"
GIVE_IT = "give the level with --level-mm S (patient coordinate, mm upwards)"


@dataclass(frozen=True)
class Level:
    """Where the measurement is made.

    `level_mm` is the S coordinate (LPS) of L3's middle, `slice_index` the nearest slice of the upright volume,
    `spread_mm` the standard deviation over the methods within 17 mm of the first (None when the user gave the level or
    no other is near), `agree` of `asked` methods, `vertebrae` name -> S mm, `votes` method -> S mm.
    """

    level_mm: float
    slice_index: int
    rule: str
    spread_mm: float | None = None
    agree: int | None = None
    asked: int | None = None
    vertebrae: dict[str, float] = field(default_factory=dict)
    votes: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def reach_mm(self) -> float | None:
        """How far the methods that agree lie apart; None where there are fewer than two."""
        near = sorted(self.votes.values(), key=lambda s: abs(s - self.level_mm))[:self.agree]
        return max(near) - min(near) if self.agree and len(near) > 1 else None

    @property
    def agreement(self) -> str:
        """'3 of 3 methods agree within 15 mm', or where the level comes from if the user gave it."""
        if self.agree is None:
            return self.rule
        within = "" if self.reach_mm is None else f" within {max(1, round(self.reach_mm))} mm"
        return f"{self.agree} of {self.asked} methods agree{within}"


def slice_s_mm(volume: Volume) -> np.ndarray:
    """S coordinate of each slice's middle of an upright volume, mm."""
    nk, nj, ni = volume.grid.shape
    return volume.grid.to_lps(np.array([[(ni - 1) / 2, (nj - 1) / 2, k] for k in range(nk)]))[:, 2]


def given_level(volume: Volume, level_mm: float) -> Level:
    """The user's level; InputError where it lies outside the scan."""
    volume = upright(volume)
    s = slice_s_mm(volume)
    half = max(volume.grid.spacing_mm[0] / 2, 0.5)
    if not s.min() - half <= level_mm <= s.max() + half:
        raise InputError(f"The level {level_mm:g} mm lies outside the scan, which runs from S = {s.min():.1f} to "
                         f"{s.max():.1f} mm.")
    return Level(float(level_mm), int(np.argmin(np.abs(s - level_mm))), GIVEN)


def find_level(volume: Volume, level_mm: float | None = None, progress: Progress | None = None) -> Level:
    """L3 of a CT in HU, any axial orientation, slices of 1 to 5 mm; or the user's `level_mm`, taken as it is.

    Raises InputError, naming what was missing, where L3 is not in the scan or not certain.
    """
    if volume.modality not in ("CT", ""):
        raise InputError(f"Body composition needs a CT in Hounsfield units; this series is {volume.modality}.")
    if level_mm is not None:
        return given_level(volume, level_mm)
    volume = upright(volume)
    height = volume.grid.shape[0] * volume.grid.spacing_mm[0]
    if height < FEW_SLICES_MM:
        raise InputError(f"L3 cannot be found in a series of {volume.grid.shape[0]} slice(s) over {height:.0f} mm; "
                         f"{GIVE_IT}.")
    if progress:
        progress.step("finding L3", 0.0)
    ct = landmarks.reduce(volume.array, volume.grid.spacing_mm)
    return _vote(volume, ct, progress)


def _vote(volume: Volume, ct: landmarks.Reduced, progress: Progress | None) -> Level:
    frame = landmarks.find_frame(ct)
    bone = landmarks.flank_bone(ct, frame)
    if progress:
        progress.step("finding L3", 0.4)
    top = _crest(ct, frame, bone)
    dz = ct.spacing_mm[0]
    begin, end = max(0, int(top - BELOW_CREST_MM / dz)), min(len(ct.hu), int(top + ABOVE_CREST_MM / dz) + 1)
    ct, frame, bone, top = ct.part(begin, end), frame.part(begin, end), bone[begin:end], top - begin
    axis = landmarks.spine_axis(ct, frame)
    bodies = landmarks.vertebral_bodies(landmarks.axis_profile(ct, axis), dz)
    if progress:
        progress.step("finding L3", 0.8)
    first = _above_crest(bodies, top, dz)
    votes = {"crest": bodies[first]}
    reach = [landmarks.bone_reach(ct, axis, b) for b in bodies]
    for name, found in (("sacrum", _above_sacrum(bodies, reach, top, dz)),
                        ("ribs", _below_ribs(bodies, reach, bodies[first] - 60 / dz, dz))):
        if found is not None:
            votes[name] = found
    low, high = landmarks.free_flank(bone, frame, int(round(top)))
    if (bone[high + 1:high + 4] > landmarks.TRACE_MM2).any():
        votes["flank"] = (low + high) / 2 + FLANK_TO_L3_MM / dz
    return _result(volume, ct, axis, bodies, first, votes, (low - FLANK_MARGIN_MM / dz, high + FLANK_MARGIN_MM / dz))


def _crest(ct: landmarks.Reduced, frame: landmarks.Frame, bone: np.ndarray) -> float:
    """Continuous slice of the crests' top; refuses where it is not plainly a pelvis with a flank above."""
    dz = ct.spacing_mm[0]
    sides = [landmarks.crest(bone[:, s]) for s in (0, 1)]
    if any(s is None for s in sides):
        raise InputError(f"No L3 level was found: the pelvis is not in the scan; {GIVE_IT}.")
    apart = abs(sides[0] - sides[1]) * dz
    if apart > SIDES_AGREE_MM:
        raise InputError(f"No L3 level was found: the right and left iliac crests end {apart:.0f} mm apart; {GIVE_IT}.")
    low, high = landmarks.free_flank(bone, frame, max(sides))
    if (high - low + 1) * dz < FREE_FLANK_MM:
        raise InputError(f"No L3 level was found: the scan does not show the pelvis and the waist above it; {GIVE_IT}.")
    if landmarks.lung_share(ct, frame, max(sides)) > 0.15:
        raise InputError(f"No L3 level was found: the lowest broad bone lies beside the lungs, so the pelvis is not in "
                         f"the scan; {GIVE_IT}.")
    return float(np.mean(sides))


def _above_crest(bodies: list[float], top: float, dz: float) -> int:
    """Index of L3 among the bodies: the crest marks L4."""
    if not bodies or not bodies[0] - NEAR_CHAIN_MM / dz - 10 / dz <= top <= bodies[-1] + NEAR_CHAIN_MM / dz:
        raise InputError(f"No L3 level was found: the vertebrae beside the iliac crests could not be told apart; "
                         f"{GIVE_IT}.")
    fourth = int(np.argmin([abs(b - top) for b in bodies]))
    third = fourth + 1
    if third >= len(bodies):
        raise InputError(f"No L3 level was found: the scan ends below it; {GIVE_IT}.")
    pitch = (bodies[third] - bodies[fourth]) * dz
    if not PITCH_MM[0] <= pitch <= PITCH_MM[1]:
        raise InputError(f"No L3 level was found: the vertebra above L4 could not be told apart; {GIVE_IT}.")
    return third


def _above_sacrum(bodies: list[float], reach: list[float], top: float, dz: float) -> float | None:
    """The second body above the highest one whose bone joins the iliac wings (L5), where the chain has no gap."""
    joined = [n for n, r in enumerate(reach) if r > SACRUM_REACH_MM and bodies[n] < top + 10 / dz]
    if not joined or joined[-1] + 2 >= len(bodies):
        return None
    steps = np.diff(bodies[joined[-1]:joined[-1] + 3]) * dz
    whole = all(r < PROCESS_REACH_MM for r in reach[joined[-1] + 1:joined[-1] + 3])
    return bodies[joined[-1] + 2] if whole and np.all((steps > PITCH_MM[0]) & (steps < PITCH_MM[1])) else None


def _below_ribs(bodies: list[float], reach: list[float], from_k: float, dz: float) -> float | None:
    """The third body below the lowest one that carries ribs, where the three plainly carry none."""
    for low in range(len(bodies) - 3):
        free = all(r < PROCESS_REACH_MM for r in reach[low:low + 3])
        steps = np.diff(bodies[low:low + 4]) * dz
        whole = np.all((steps > PITCH_MM[0]) & (steps < PITCH_MM[1]))
        if bodies[low] > from_k and free and whole and reach[low + 3] > RIB_REACH_MM:
            return bodies[low]
    return None


def _result(volume: Volume, ct: landmarks.Reduced, axis: np.ndarray, bodies: list[float], third: int,
            votes: dict[str, float], flank: tuple[float, float]) -> Level:
    """Votes in mm. The flank is a long landmark: it also agrees where L3 lies inside it."""
    s_of = _s_mm(volume, ct, axis)
    in_mm = {name: round(s_of(k), 1) for name, k in votes.items()}
    first = in_mm["crest"]
    near = {name: v for name, v in in_mm.items() if abs(v - first) <= VOTE_AGREES_MM}
    inside = {"flank"} if flank[0] <= bodies[third] <= flank[1] else set()
    against = [name for name in in_mm if name not in near and name not in inside]
    names = {name: round(s_of(b), 1) for name, b in _named(bodies, third, ct.spacing_mm[0]).items()}
    notes = tuple(f"The method by {n} puts L3 {in_mm[n] - first:+.0f} mm from the crests' answer." for n in against)
    spread = float(np.std(list(near.values()), ddof=1)) if len(near) > 1 else None
    index = int(np.clip(round(ct.to_ct(bodies[third])), 0, volume.grid.shape[0] - 1))
    return Level(first, index, "middle of L3, counted from the iliac crests", spread, len(in_mm) - len(against),
                 len(in_mm), names, in_mm, notes)


def _named(bodies: list[float], third: int, dz: float) -> dict[str, float]:
    """Name -> body, counted from L3 both ways as far as no step is too long for neighbours."""
    low = high = third
    while low > 0 and (bodies[low] - bodies[low - 1]) * dz <= PITCH_MM[1]:
        low -= 1
    while high + 1 < len(bodies) and (bodies[high + 1] - bodies[high]) * dz <= PITCH_MM[1]:
        high += 1
    at = {n + 3 - third: bodies[n] for n in range(low, high + 1)}
    return {NAMES[n]: b for n, b in at.items() if 0 <= n < len(NAMES)}


def _s_mm(volume: Volume, ct: landmarks.Reduced, axis: np.ndarray):
    """Function from a reduced slice to the S coordinate at the spine's axis."""
    def at(k: float) -> float:
        row, column = (np.interp(k, np.arange(len(axis)), axis[:, n]) for n in (0, 1))
        j, i = row * ct.spacing_mm[1] / volume.grid.spacing_mm[1], column * ct.spacing_mm[2] / volume.grid.spacing_mm[2]
        return float(volume.grid.to_lps(np.array([[i, j, ct.to_ct(k)]]))[0, 2])
    return at
