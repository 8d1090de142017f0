"""The few lines that every panel begins with."""

import importlib.util

import qt
from slicer.i18n import tr as _


def add_notice(layout, purpose: str, command: str) -> None:
    """Say what the module does, that it is research software, and the command that does the work today."""
    lines = [purpose, _("For research and teaching; not a medical device.")]
    if importlib.util.find_spec("radoncai") is None:
        lines.append(_("The library radoncai was not found: add the folder RadOncAI to the module paths."))
    else:
        lines.append(_("Its panel is not built yet; the command line does the work: {command}").format(command=command))
    label = qt.QLabel("\n\n".join(lines))
    label.wordWrap = True
    label.textInteractionFlags = qt.Qt.TextSelectableByMouse
    layout.addWidget(label)
    layout.addStretch(1)
