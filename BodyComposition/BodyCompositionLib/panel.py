"""The panel of Body Composition."""

from RadOncAILib.notice import add_notice
from slicer.i18n import tr as _


def build(layout) -> None:
    """Fill the module's layout."""
    add_notice(
        layout,
        _("Measures muscle and fat at the third lumbar vertebra, each number with its error."),
        "radoncai bodycomp CT_FOLDER -o OUT",
    )
