"""`radoncai install`: environments made from a folder of wheels, as a hospital without internet would."""

import os
import subprocess
import sys
import threading
import time
import zipfile
from types import SimpleNamespace

import pytest

from radoncai.cli.main import main
from radoncai.core.errors import Cancelled, InputError, ModelError, PlatformError
from radoncai.core.progress import Progress
from radoncai.models.install import environment_install, environments
from radoncai.models.install.environments import Recipe
from radoncai.worker.jobs.install import run
from radoncai.worker.work import Work

pytest.importorskip("pip", reason="this Python has no pip")


def write_wheel(folder, name, code="", requires=""):
    """A wheel as pip reads it: the package's code and three lines about it."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-1.0.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
    metadata += f"Requires-Dist: {requires}\n" if requires else ""
    kind = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as file:
        file.writestr(f"{name}/__init__.py", code)
        file.writestr(f"{info}/METADATA", metadata)
        file.writestr(f"{info}/WHEEL", kind)
        file.writestr(f"{info}/RECORD", "")
    return folder


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """An environment named tiny, of the package tinypkg, in a place of its own."""
    recipe = Recipe("tiny", "Tiny", ("tinypkg",), ("tinypkg",), ("unwanted",), disk_gb=0.01)
    monkeypatch.setattr(environments, "recipes", lambda: {"tiny": recipe})
    monkeypatch.setenv("RADONCAI_ENVIRONMENTS", str(tmp_path / "environments"))
    return tmp_path


def said_by(python, code, packages=None):
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    code = f"import sys; sys.path[:0] = {[str(packages)] if packages else []}; {code}"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, env=environment, check=True)
    return done.stdout.strip()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["venv", "target"])
def test_an_environment_comes_whole_from_a_folder_of_wheels(tiny, kind):
    wheels = write_wheel(tiny / "wheels", "tinypkg", "number = 42", "helperpkg")
    write_wheel(wheels, "helperpkg")
    steps = []
    found = environment_install.install("tiny", Progress(lambda s, _: steps.append(s)), wheels, kind)
    assert found["versions"]["tinypkg"] == "1.0"
    env = environments.environment("tiny")
    assert said_by(env.python, "import tinypkg, helperpkg; print(tinypkg.number)", env.packages) == "42"
    assert environments.installed("tiny") and environments.environment("tiny").python == env.python
    assert {"making the environment", "fetching tinypkg", "fetching helperpkg", "unpacking Tiny"} <= set(steps)
    with pytest.raises(subprocess.CalledProcessError):
        said_by(sys.executable, "import tinypkg")


@pytest.mark.slow
def test_what_a_connected_machine_downloads_the_command_installs_elsewhere(tiny, monkeypatch, capsys):
    index = write_wheel(tiny / "index", "tinypkg", "", "helperpkg")
    write_wheel(index, "helperpkg")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert main(["install", "tiny", "--download", str(tiny / "carried")]) == 0
    assert "2 wheels lie in" in capsys.readouterr().out
    monkeypatch.setenv("PIP_FIND_LINKS", str(tiny / "nothing"))
    job = Work({"name": "tiny", "from": str(tiny / "carried")}, tiny, Progress(), print)
    said = run(job)["text"]
    assert said.startswith(f"Tiny is installed in {environments.place('tiny')}: tinypkg 1.0; ")
    assert environments.installed("tiny")


@pytest.mark.slow
def test_what_breaks_beside_the_rest_is_removed(tiny):
    wheels = write_wheel(tiny / "wheels", "tinypkg", "", "unwanted")
    write_wheel(wheels, "unwanted", "raise RuntimeError('no operator here')")
    found = environment_install.install("tiny", Progress(), wheels, "target")
    assert "unwanted" not in found["versions"]
    assert not list(environments.place("tiny").rglob("unwanted*"))


@pytest.mark.slow
def test_a_failed_installation_leaves_the_old_environment_and_nothing_else(tiny):
    good = write_wheel(tiny / "good", "tinypkg", "number = 1")
    environment_install.install("tiny", Progress(), good, "target")
    bad = write_wheel(tiny / "bad", "tinypkg", "raise OSError('wrong processor')")
    with pytest.raises(ModelError, match="tinypkg cannot be used here .*wrong processor"):
        environment_install.install("tiny", Progress(), bad, "target")
    assert [p.name for p in (tiny / "environments").iterdir()] == ["tiny"]
    env = environments.environment("tiny")
    assert said_by(env.python, "import tinypkg; print(tinypkg.number)", env.packages) == "1"


@pytest.mark.slow
def test_a_missing_wheel_is_named_with_what_to_do(tiny):
    wheels = write_wheel(tiny / "wheels", "tinypkg", "", "helperpkg")
    with pytest.raises(ModelError, match="holds no fitting wheel of helperpkg .*--download"):
        environment_install.install("tiny", Progress(), wheels, "target")
    assert not environments.installed("tiny") and not list((tiny / "environments").iterdir())


def test_a_folder_without_wheels_and_an_unknown_name_are_refused_before_anything_is_made(tiny):
    with pytest.raises(InputError, match="holds no wheels"):
        environment_install.install("tiny", Progress(), tiny)
    with pytest.raises(InputError, match="nothing named nnunt .*tiny"):
        environment_install.install("nnunt", Progress())
    assert not (tiny / "environments").exists()


def test_a_full_disk_is_said_before_anything_is_fetched(tiny, monkeypatch):
    monkeypatch.setattr(environment_install.shutil, "disk_usage", lambda _: SimpleNamespace(free=5_000_000))
    wheels = write_wheel(tiny / "wheels", "tinypkg")
    with pytest.raises(PlatformError, match=r"Tiny needs 0.01 GB, .* has 0.0 GB left"):
        environment_install.install("tiny", Progress(), wheels)


@pytest.mark.parametrize("variables, sentence", [
    ({"HTTPS_PROXY": "http://127.0.0.1:9", "PIP_INDEX_URL": "https://pypi.invalid/simple"}, "proxy refused"),
    ({"PIP_INDEX_URL": "https://127.0.0.1:9/simple", "HTTPS_PROXY": ""}, "no way to pypi.org .*--download"),
])
@pytest.mark.slow
def test_a_network_that_does_not_answer_is_named(tiny, monkeypatch, variables, sentence):
    settings = {"PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0", "NO_PROXY": "", "no_proxy": "", **variables}
    for name in [n for n in os.environ if n.startswith("PIP_")] + ["https_proxy", "HTTP_PROXY", "http_proxy"]:
        monkeypatch.delenv(name, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(environment_install, "CPU_TORCH", "https://127.0.0.1:9/simple")
    with pytest.raises(PlatformError, match=sentence):
        environment_install.install("tiny", Progress(), None, "target")
    assert not list((tiny / "environments").iterdir())


def test_cancel_ends_the_installation_and_leaves_nothing(tiny):
    wheels = write_wheel(tiny / "wheels", "tinypkg")
    progress = Progress(lambda step, _: step.startswith("installing") and progress.cancel())
    begin = time.monotonic()
    with pytest.raises(Cancelled):
        environment_install.install("tiny", progress, wheels, "target")
    assert time.monotonic() - begin < 60
    assert not list((tiny / "environments").iterdir()) and threading.active_count() < 20


def test_a_missing_environment_names_its_command(monkeypatch, tmp_path):
    monkeypatch.setenv("RADONCAI_ENVIRONMENTS", str(tmp_path))
    with pytest.raises(ModelError, match="nnU-Net v2 is not installed here; radoncai install nnunet"):
        environments.environment("nnunet")
    half = tmp_path / "nnunet"
    (half / "bin").mkdir(parents=True)
    (half / "bin" / "python").touch()
    assert not environments.installed("nnunet"), "without its marker it is half made"


def test_the_real_environments_are_described():
    recipes = environments.recipes()
    assert {"nnunet", "totalsegmentator", "torch", "monai"} <= set(recipes)
    assert recipes["nnunet"].pins.read_text().count("==") >= 6 and not recipes["torch"].private
