"""The panel of Dose Predict."""

from RadOncAILib.notice import add_notice
from slicer.i18n import tr as _


def build(layout) -> None:
    """Fill the module's layout."""
    add_notice(
        layout,
        _("Predicts the dose of a head-and-neck plan from CT, contours and prescription."),
        "radoncai dose CT_FOLDER --structures RS.dcm --prescription PTV_7000=70 --fractions 35 -o OUT",
    )
