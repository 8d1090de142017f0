"""The panel of Auto Contour."""

from RadOncAILib.notice import add_notice
from slicer.i18n import tr as _


def build(layout) -> None:
    """Fill the module's layout."""
    add_notice(
        layout,
        _("Contours of organs on CT by open models, reviewed before they are used."),
        "radoncai contour CT_FOLDER --model hn_oar -o OUT",
    )
