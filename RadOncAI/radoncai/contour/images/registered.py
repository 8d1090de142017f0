"""Registrations as files: what `radoncai register` writes, and every kind of file that can be accepted."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from radoncai.core.errors import InputError
from radoncai.core.provenance import Provenance, describe, run_stamp
from radoncai.core.rigid import Rigid
from radoncai.core.volume import Volume
from radoncai.dicom.files import is_dicom
from radoncai.dicom.registration import matrix_between

RIGID_TOLERANCE = 1e-3
ITK_ENDINGS = (".tfm", ".txt", ".h5", ".hdf5", ".mat")


@dataclass(frozen=True, eq=False)
class Written:
    """A registration as its file keeps it."""

    record: dict[str, object]
    files: tuple[Path, ...]


def write_registration(rigid: Rigid, fixed: Volume, moving: Volume, folder: Path,
                       seconds: dict[str, float] | None = None) -> Written:
    """registration.json (matrix, figures, what was registered) and registration.tfm, which Slicer loads as transform.

    The matrix takes LPS mm of the moving image to LPS mm of the fixed one; the .tfm holds its inverse, as ITK wants.
    """
    import SimpleITK as sitk

    inputs = {"fixed": describe(fixed.source), "moving": describe(moving.source)}
    record = asdict(Provenance("register", run_stamp(), inputs, seconds=seconds or {}, warnings=rigid.warnings))
    record |= {"matrix": rigid.matrix.tolist(), "matrix_maps": "moving image LPS mm to planning image LPS mm",
               "shift_at": "middle of the moving image, along L, P and S", "figures": rigid.figures, "accepted": False}
    files = folder / "registration.json", folder / "registration.tfm"
    files[0].write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    back = np.linalg.inv(rigid.matrix)
    sitk.WriteTransform(sitk.AffineTransform(back[:3, :3].ravel().tolist(), back[:3, 3].tolist()), str(files[1]))
    return Written(record, files)


def matrix_of_file(path: Path, moving: Volume, fixed: Volume, what: str) -> np.ndarray:
    """4x4 from the moving image's LPS mm to the fixed one's, out of a registration.json, a DICOM registration or an
    ITK transform file. `what` names both images.

    Raises InputError where the file is none of these, is not rigid, or is about other images.
    """
    if not path.is_file():
        raise InputError(f"The registration {path} does not exist; check the path.")
    if path.suffix.lower() == ".json":
        matrix = _of_json(path, moving, fixed, what)
    elif path.suffix.lower() in ITK_ENDINGS:
        matrix = _of_itk(path)
    elif is_dicom(path):
        matrix = matrix_between(path, moving.source, fixed.source, what)
    else:
        raise InputError(f"{path} is no registration that can be read; name a registration.json of radoncai register, "
                         "a DICOM registration or an ITK transform (.tfm).")
    return _rigid(matrix, path)


def doubts_of_file(path: Path) -> tuple[str, ...]:
    """What `radoncai register` doubted when it wrote a registration.json; other files say nothing."""
    if path.suffix.lower() != ".json":
        return ()
    doubts = json.loads(path.read_text(encoding="utf-8")).get("warnings")
    return tuple(str(text) for text in doubts) if isinstance(doubts, list) else ()


def _of_json(path: Path, moving: Volume, fixed: Volume, what: str) -> np.ndarray:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        matrix, inputs = np.asarray(data["matrix"], float), data["inputs"]
        ends = dict(inputs["fixed"]), dict(inputs["moving"])
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"{path} is no registration of radoncai register, or it is damaged; register the images "
                         "again.") from None
    if matrix.shape != (4, 4):
        raise InputError(f"{path} holds no 4 x 4 matrix; register the images again.")
    one_frame = bool(ends[0].get("frame_uid")) and ends[0].get("frame_uid") == ends[1].get("frame_uid")
    if _is(ends[0], fixed, one_frame) and _is(ends[1], moving, one_frame):
        return matrix
    if _is(ends[0], moving, one_frame) and _is(ends[1], fixed, one_frame):
        return np.linalg.inv(_rigid(matrix, path))
    raise InputError(f"The registration {path} is about other images than {what}; register these.")


def _is(described: dict[str, str], volume: Volume, one_frame: bool) -> bool:
    """A frame of reference is enough, as what holds for one series of it holds for all, unless both images have it
    (`one_frame`): then only their series tell which is which."""
    own = describe(volume.source)
    uid = "series_uid" if one_frame else "frame_uid"
    key = uid if own.get(uid) and described.get(uid) else "sha256"
    return bool(own.get(key)) and own.get(key) == described.get(key)


def _of_itk(path: Path) -> np.ndarray:
    import SimpleITK as sitk

    try:
        read = sitk.ReadTransform(str(path))
        linear = read.IsLinear()
    except RuntimeError:
        raise InputError(f"{path} cannot be read as an ITK transform; save it again.") from None
    if not linear:
        raise InputError(f"{path} is a deformable registration, which cannot be applied; save a rigid one.")
    corners = np.array([read.TransformPoint(p) for p in (np.zeros(3), *np.eye(3))])
    matrix = np.eye(4)
    matrix[:3, 3] = corners[0]
    matrix[:3, :3] = (corners[1:] - corners[0]).T
    return np.linalg.inv(_rigid(matrix, path))


def _rigid(matrix: np.ndarray, path: Path) -> np.ndarray:
    turn = matrix[:3, :3]
    fine = np.isfinite(matrix).all() and np.allclose(matrix[3], (0, 0, 0, 1), atol=1e-6)
    if not fine or np.linalg.det(turn) < 0 or np.abs(turn @ turn.T - np.eye(3)).max() > RIGID_TOLERANCE:
        raise InputError(f"{path} does not hold a shift and a turn; only rigid registrations are used here.")
    return matrix
