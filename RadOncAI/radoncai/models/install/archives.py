"""Archives of models, unpacked into a new folder: plain files only, inside it, and no more than a bound."""

from __future__ import annotations

import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PureWindowsPath
from typing import BinaryIO

from radoncai.core.array_file import disk_sentence
from radoncai.core.errors import ModelError, PlatformError
from radoncai.core.progress import Progress

ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
MOST_BYTES = 8 << 30
MOST_FILES = 10_000
_BLOCK = 1 << 20
_BROKEN = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, NotImplementedError,
           RuntimeError, ValueError)

Member = tuple[str, int, BinaryIO | None]


def is_archive(path: Path) -> bool:
    """Whether the file's name ends as an archive's that `unpack` knows."""
    return path.is_file() and path.name.lower().endswith(ENDINGS)


def unpack(archive: Path, target: Path, progress: Progress | None = None, most_bytes: int = MOST_BYTES,
           most_files: int = MOST_FILES) -> Path:
    """Unpack a zip or tar into the new folder `target` and return the model's folder in it: the only one at the top,
    else `target` itself.

    Sizes are counted while writing, what the archive declares is not trusted. When it fails `target` is gone again.
    Raises ModelError for links, devices, names that lead outside, damaged or too big archives; PlatformError for the
    disk; Cancelled.
    """
    progress = progress or Progress()
    if not is_archive(archive):
        raise ModelError(f"{archive} is no archive that can be unpacked; give a folder or one of {', '.join(ENDINGS)}.")
    try:
        target.mkdir(parents=True)
        _write_all(archive, target, progress, most_bytes, most_files)
    except _BROKEN as problem:
        _remove(target)
        raise ModelError(_damaged(archive, problem)) from problem
    except OSError as problem:
        if not isinstance(problem, FileExistsError):
            _remove(target)
        if problem.errno is None:
            raise ModelError(_damaged(archive, problem)) from problem
        raise PlatformError(disk_sentence(target, problem)) from problem
    except BaseException:
        _remove(target)
        raise
    top = [p for p in target.iterdir() if p.name != "__MACOSX"]
    return top[0] if len(top) == 1 and top[0].is_dir() else target


def _write_all(archive: Path, target: Path, progress: Progress, most_bytes: int, most_files: int) -> None:
    written, seen, size = 0, set(), max(1, archive.stat().st_size)
    with archive.open("rb") as raw, _opened(archive, raw) as members:
        for number, (name, mode, stream) in enumerate(members):
            if number >= most_files:
                raise ModelError(f"{archive} holds more than {most_files} files; it is no model, nothing was unpacked.")
            path = _inside(archive, target, name, mode)
            progress.step("unpacking", min(1.0, raw.tell() / size))
            if stream is None:
                path.mkdir(parents=True, exist_ok=True)
                continue
            if path in seen or path.exists():
                raise ModelError(f"{archive} holds {name!r} twice; nothing was unpacked.")
            seen.add(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            with stream, path.open("xb") as file:
                while block := stream.read(_BLOCK):
                    written += len(block)
                    if written > most_bytes:
                        raise ModelError(f"{archive} unpacks to more than {_size(most_bytes)}; nothing was unpacked.")
                    file.write(block)
                    progress.step("unpacking", min(1.0, raw.tell() / size))


def _inside(archive: Path, target: Path, name: str, mode: int) -> Path:
    """The place of a member. Raises ModelError for a link or device and for a name that leads elsewhere."""
    kind = stat.S_IFMT(mode)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise ModelError(f"{archive} holds {name!r}, which is a link or a device; only plain files are unpacked.")
    windows = PureWindowsPath(name)
    parts = windows.parts
    own = name.rstrip("/") == "."  # tar cf x.tar . names the folder itself
    if not (parts or own) or windows.drive or windows.root or ".." in parts or "\0" in name or ":" in name:
        raise ModelError(f"{archive} holds {name!r}, which would be written outside its folder; nothing was unpacked.")
    return target.joinpath(*parts)


@contextmanager
def _opened(archive: Path, raw: BinaryIO) -> Iterator[Iterator[Member]]:
    if archive.name.lower().endswith(".zip"):
        with zipfile.ZipFile(raw) as file:
            yield _zip_members(file)
    else:
        with tarfile.open(fileobj=raw, mode="r:*") as file:
            yield _tar_members(file)


def _zip_members(file: zipfile.ZipFile) -> Iterator[Member]:
    for info in file.infolist():
        yield info.filename, info.external_attr >> 16, None if info.is_dir() else file.open(info)


def _tar_members(file: tarfile.TarFile) -> Iterator[Member]:
    """A hard link has the mode of a plain file in its header, so its type is turned into one that is refused."""
    for info in file:
        if info.isdir():
            yield info.name, stat.S_IFDIR, None
        elif info.isreg():
            yield info.name, stat.S_IFREG, file.extractfile(info)
        else:
            yield info.name, stat.S_IFLNK, None


def _remove(target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)


def _damaged(archive: Path, problem: Exception) -> str:
    reason = (str(problem).strip() or type(problem).__name__).splitlines()[0]
    return f"{archive} is damaged or not what its name says ({reason}); get it again."


def _size(number: int) -> str:
    return f"{number / (1 << 30):.0f} GB" if number >= 1 << 30 else f"{max(1, number >> 20)} MB"
