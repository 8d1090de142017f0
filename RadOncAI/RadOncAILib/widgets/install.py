"""Consent and installation of what a model needs, on its first use; never at start-up.

Packages of this Python come by Slicer's own pip; runners with a Python of their own, and everything that comes from a
folder (a hospital without internet), by the worker's job `install`.
"""

from __future__ import annotations

import subprocess

import qt
import slicer
from slicer.i18n import tr as _

from radoncai.models.install import environments

from . import settings

REQUIREMENTS = {"onnxruntime": "onnxruntime>=1.20", "torch": "torch>=2.6", "monai": "monai>=1.4"}
INTERNET = ""
LAST_FOLDER = "InstallFolder"


def ask_where(name: str, parent=None) -> str | None:
    """Consent: INTERNET, a folder with the files, or None for no."""
    if slicer.app.testingEnabled():
        return INTERNET
    box = qt.QMessageBox(parent)
    box.windowTitle = _("Install {name}").format(name=title(name))
    box.text = _("{name} is needed by this model and not installed.").format(name=title(name))
    box.informativeText = where_text(name)
    internet = box.addButton(_("From the internet"), qt.QMessageBox.AcceptRole)
    folder = box.addButton(_("From a folder…"), qt.QMessageBox.ActionRole)
    box.addButton(qt.QMessageBox.Cancel)
    box.exec_()
    if box.clickedButton() is folder:
        return settings.ask_folder(parent, _("Folder that holds the downloaded files"), LAST_FOLDER) or None
    return INTERNET if box.clickedButton() is internet else None


def where_text(name: str) -> str:
    """How much comes, and how it goes without internet."""
    recipe = environments.recipes().get(name)
    size = _("It takes about {gb:g} GB of disk. ").format(gb=recipe.disk_gb) if recipe else ""
    return size + _("Without internet here: run `radoncai install {name} --download FOLDER` on a connected machine and "
                    "choose that folder.").format(name=name)


def title(name: str) -> str:
    """What a person calls it."""
    recipe = environments.recipes().get(name)
    return recipe.title if recipe else name


def is_slicers(name: str) -> bool:
    """Whether Slicer's own pip brings it: a package of this Python, and no runner with a Python of its own."""
    return name in REQUIREMENTS or any(sign in name for sign in "<>=")


def request(name: str, folder: str) -> dict:
    """The fields of the worker's job `install`."""
    return {"name": name, "from": folder or None}


def ensure(package: str, requester: str) -> str:
    """Ask, then install a package into Slicer's Python. Gives "" when it is there, else what went wrong and what to do.

    `package` is a key of REQUIREMENTS or a pip requirement; torch comes through the PyTorch extension.
    """
    requirement = REQUIREMENTS.get(package, package)
    try:
        return _torch() if package == "torch" else _pip(requirement, requester)
    except subprocess.CalledProcessError as problem:
        return failure(package, f"{problem.output or ''} {problem.stderr or ''} {problem}")
    except RuntimeError as problem:
        return failure(package, str(problem))


def _pip(requirement: str, requester: str) -> str:
    try:
        from slicer import packaging
    except ImportError:
        if not slicer.util.confirmOkCancelDisplay(_("Install {name} into Slicer?").format(name=requirement)):
            return _declined(requirement)
        slicer.util.pip_install(requirement)
        return ""
    packaging.pip_ensure([requirement], requester=requester)
    return "" if packaging.pip_check([requirement]) else _declined(requirement)


def _torch() -> str:
    try:
        import PyTorchUtils
    except ImportError:
        return _("PyTorch comes with Slicer's extension PyTorch; install it in the Extensions Manager and restart.")
    found = PyTorchUtils.PyTorchUtilsLogic().installTorch(askConfirmation=True)
    return "" if found is not None else _declined("torch")


def _declined(name: str) -> str:
    return _("{name} was not installed; the model cannot run without it.").format(name=name)


def failure(package: str, output: str) -> str:
    """Cause and remedy of a failed installation in one sentence, from what pip wrote."""
    low = output.lower()
    for signs, text in _causes():
        if any(sign in low for sign in signs):
            return text.format(name=package)
    return _("{name} could not be installed; the reason stands in Slicer's log (Help, Report a bug). "
             "Run again when it is mended.").format(name=package)


def _causes() -> tuple[tuple[tuple[str, ...], str], ...]:
    return (
        (("declined", "cancel"), _("{name} was not installed; the model cannot run without it.")),
        (("no space left", "errno 28"),
         _("{name} could not be installed: the disk is full; free some space and run again.")),
        (("permission denied", "access is denied", "errno 13"),
         _("{name} could not be installed: Slicer's folder is read only; install Slicer into a folder of your own.")),
        (("certificate", "ssl"),
         _("{name} could not be installed: the network's certificate is unknown; ask for the proxy's certificate.")),
        (("connection", "resolve", "timed out", "retries exceeded", "proxy"),
         _("{name} could not be installed: no way to pypi.org; check network and proxy, or install from a folder.")),
        (("no matching distribution", "could not find a version"),
         _("{name} could not be installed: there is none for this Slicer; use Slicer 5.12 or newer.")),
    )
