"""Consent and installation of what a model needs, on its first use; never at start-up."""

from __future__ import annotations

import subprocess

import slicer
from slicer.i18n import tr as _

REQUIREMENTS = {"onnxruntime": "onnxruntime>=1.20", "torch": "torch>=2.6"}


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
