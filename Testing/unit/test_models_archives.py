"""Archives of models: good ones come out as they went in, hostile ones leave nothing and say why in a sentence."""

import io
import os
import stat
import tarfile
import zipfile

import numpy as np
import pytest

from radoncai.core.errors import Cancelled, ModelError, PlatformError
from radoncai.core.progress import Progress
from radoncai.models.install.archives import unpack

FILES = {"tiny/model.json": b"{}", "tiny/models/model.pt": np.random.default_rng(1).bytes(1 << 20)}


def tar(path, files, mode="w:gz", change=None, **attributes):
    with tarfile.open(path, mode) as file:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            for key, value in attributes.items():
                setattr(info, key, value)
            file.addfile(info, io.BytesIO(content))
    return path


def zipped(path, files, mode=stat.S_IFREG | 0o644):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            file.writestr(info, content, zipfile.ZIP_DEFLATED)
    return path


@pytest.mark.parametrize("name, mode", [("m.tar.gz", "w:gz"), ("m.tar", "w"), ("m.tar.xz", "w:xz"), ("m.zip", "")])
def test_an_archive_comes_out_as_it_went_in(tmp_path, name, mode):
    archive = tar(tmp_path / name, FILES, mode) if mode else zipped(tmp_path / name, FILES)
    folder = unpack(archive, tmp_path / "out")
    assert folder == tmp_path / "out" / "tiny"
    written = {p.relative_to(tmp_path / "out").as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert written == FILES
    loose = zipped(tmp_path / "loose.zip", {"model.json": b"{}", "w.onnx": b"x"})
    assert unpack(loose, tmp_path / "loose") == tmp_path / "loose"


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil", "C:\\evil", "\\evil", "a\\..\\..\\evil", "a:b"])
@pytest.mark.parametrize("write", [tar, zipped])
def test_names_that_lead_outside_are_refused(tmp_path, write, name):
    archive = write(tmp_path / ("m.tar.gz" if write is tar else "m.zip"), {"model.json": b"{}", name: b"x"})
    with pytest.raises(ModelError, match="outside its folder; nothing was unpacked"):
        unpack(archive, tmp_path / "inner" / "out")
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [archive]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_are_refused(tmp_path, kind):
    archive = tar(tmp_path / "m.tar", {"weights.pt": b""}, "w", type=kind, linkname="/etc/passwd")
    with pytest.raises(ModelError, match="a link or a device"):
        unpack(archive, tmp_path / "out")
    linked = zipped(tmp_path / "m.zip", {"weights.pt": b"/etc/passwd"}, stat.S_IFLNK | 0o777)
    with pytest.raises(ModelError, match="a link or a device"):
        unpack(linked, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_bombs_stop_at_the_bound_whatever_they_declare(tmp_path):
    bomb = zipped(tmp_path / "m.zip", {"zeros": bytes(40 << 20)})
    assert bomb.stat().st_size < 100_000
    with pytest.raises(ModelError, match="unpacks to more than 8 MB"):
        unpack(bomb, tmp_path / "out", most_bytes=8 << 20)
    many = tar(tmp_path / "m.tar.gz", {f"f{n}": b"" for n in range(60)})
    with pytest.raises(ModelError, match="more than 50 files"):
        unpack(many, tmp_path / "out", most_files=50)
    assert not (tmp_path / "out").exists()


def test_a_name_twice_is_refused(tmp_path):
    with tarfile.open(tmp_path / "m.tar", "w") as file:
        for content in (b"first", b"second"):
            info = tarfile.TarInfo("model.json")
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
    with pytest.raises(ModelError, match="twice"):
        unpack(tmp_path / "m.tar", tmp_path / "out")


@pytest.mark.parametrize("name", ["m.zip", "m.tar.gz"])
def test_damaged_archives_are_one_sentence(tmp_path, name):
    good = zipped(tmp_path / "m.zip", FILES) if name == "m.zip" else tar(tmp_path / "m.tar.gz", FILES)
    content = good.read_bytes()
    middle = len(content) // 3
    changed = content[:middle] + bytes(64) + content[middle + 64:]
    for damaged in (b"", b"no archive", content[:len(content) // 2], *([changed] if name == "m.zip" else [])):
        good.write_bytes(damaged)
        with pytest.raises(ModelError, match="damaged or not what its name says") as told:
            unpack(good, tmp_path / "out")
        assert str(told.value).count(". ") == 0 and not (tmp_path / "out").exists()
    with pytest.raises(ModelError, match="no archive"):
        unpack(tmp_path / "missing.zip", tmp_path / "out")


def test_a_target_in_use_is_left_alone(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("keep")
    with pytest.raises(PlatformError, match="Cannot write to .*File exists"):
        unpack(zipped(tmp_path / "m.zip", FILES), tmp_path / "out")
    assert (tmp_path / "out" / "mine").read_text() == "keep"


def test_cancel_leaves_nothing(tmp_path):
    progress = Progress(lambda step, fraction: progress.cancel() if fraction > 0.5 else None)
    content = {f"f{n}": os.urandom(1 << 20) for n in range(8)}
    with pytest.raises(Cancelled):
        unpack(tar(tmp_path / "m.tar", content, "w"), tmp_path / "out", progress)
    assert not (tmp_path / "out").exists()
