"""The link "Install …" of a panel: asks from where, installs, and lists the models anew."""

from __future__ import annotations

from collections.abc import Callable

from slicer.i18n import tr as _

from radoncai.models.install import environments

from . import install, marks
from .run_block import RunBlock


class InstallOffer:
    """`run` shows progress and says what went wrong; `on_done` is called when something was installed."""

    def __init__(self, run: RunBlock, requester: str, on_done: Callable[[], None]) -> None:
        self._run, self._requester, self._on_done = run, requester, on_done

    def link(self, name: str | None) -> tuple:
        """Words of a link and what it does; () where there is nothing to install."""
        return (_("Install {name}…").format(name=install.title(name)), lambda: self.install(name)) if name else ()

    def install(self, name: str) -> None:
        """By Slicer's pip into Slicer's Python; by the worker into a Python of its own, or from a folder."""
        from_where = install.INTERNET
        if name in environments.recipes():
            from_where = install.ask_where(name, self._run.widget.window())
        if from_where is None:
            return
        if from_where == install.INTERNET and install.is_slicers(name):
            self._install_here(name)
        else:
            self._run.start("install", lambda _folder: install.request(name, from_where), self._installed,
                            title=_("Install {name}").format(name=install.title(name)))

    def _install_here(self, name: str) -> None:
        problem = install.ensure(name, self._requester)
        if problem:
            self._run.block(marks.BAD, problem, _("Try again…"), lambda: self.install(name))
        else:
            self._on_done()

    def _installed(self, result: dict) -> str:
        self._on_done()
        return result.get("text") or _("Installed.")
