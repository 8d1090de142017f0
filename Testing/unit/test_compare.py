"""Two sets of contours side by side."""

import numpy as np
import pytest

from radoncai.contour.compare import compare
from radoncai.core.errors import InputError
from radoncai.core.grid import Grid
from radoncai.core.structures import Structure, StructureSet
from radoncai.core.tables import COLUMNS

GRID = Grid.axial((20, 50, 60), (3.0, 1.1, 0.9), (-20.0, -25.0, 100.0))


def box(start, stop):
    mask = np.zeros(GRID.shape, bool)
    mask[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))] = True
    return mask


def contours(grid=GRID, **masks):
    return StructureSet(grid, tuple(Structure.from_full(name, mask) for name, mask in masks.items()))


BLOCK = box((5, 10, 10), (15, 40, 40))
MOVED = box((5, 12, 10), (15, 42, 40))


def test_a_moved_block_by_arithmetic():
    result = compare(contours(Brainstem=BLOCK), [("B", contours(Brainstem=MOVED))], label="A")
    (row,) = result.rows
    assert list(row) == COLUMNS["compare"].split()
    assert (row["reference"], row["other"], row["structure"]) == ("A", "B", "Brainstem")
    assert row["dice"] == pytest.approx(28 / 30)
    assert row["hd95_mm"] == pytest.approx(2.2)
    assert row["volume_ref_cc"] == pytest.approx(10 * 30 * 30 * 3.0 * 1.1 * 0.9 / 1000)
    assert [row[f"shift_{a}_mm"] for a in "lps"] == pytest.approx([0.0, 2.2, 0.0], abs=1e-9)
    # No counterpart: the front row (30), one more pixel of each side, the back row but for its ends (28).
    assert row["apl_mm"] == pytest.approx(10 * (30 + 2 + 28) * np.sqrt(1.1 * 0.9))
    assert row["tolerance_mm"] == 2.5
    assert 0 < row["surface_dice"] <= 1


def test_a_set_against_itself_is_perfect():
    row = compare(contours(Brain=BLOCK), [("same", contours(Brain=BLOCK))]).rows[0]
    assert (row["dice"], row["surface_dice"], row["hd95_mm"], row["mean_surface_mm"], row["apl_mm"]) == (1, 1, 0, 0, 0)


def test_what_is_absent_in_one_has_empty_cells_and_a_reason():
    result = compare(contours(Brain=BLOCK), [("B", contours(Lens_L=MOVED))])
    ours, theirs = result.rows
    assert (ours["structure"], ours["dice"], ours["volume_other_cc"]) == ("Brain", None, None)
    assert ours["volume_ref_cc"] > 0
    assert (theirs["structure"], theirs["volume_ref_cc"]) == ("Lens_L", None)
    assert result.reasons == {("B", "Brain"): "not in B", ("B", "Lens_L"): "not in the reference"}


def test_names_match_exactly_then_by_mapping_then_by_alias():
    reference = contours(Parotid_L=BLOCK, Brainstem=BLOCK, Thing=BLOCK)
    other = contours(LeftParotid=MOVED, Brainstem=MOVED, Odd=MOVED)
    result = compare(reference, [("B", other)], mapping={"Thing": "Odd"})
    assert [row["structure"] for row in result.rows] == ["Parotid_L", "Brainstem", "Thing"]
    assert all(row["dice"] for row in result.rows)
    assert result.said == ("Parotid_L was compared with LeftParotid of B.",)


def test_an_exact_match_is_not_taken_by_an_alias_and_two_candidates_are_not_guessed():
    both = contours(Parotid_L=MOVED, LeftParotid=BLOCK)
    result = compare(contours(LeftParotid=BLOCK), [("B", both)])
    assert result.rows[0]["dice"] == 1.0
    result = compare(contours(lt_parotid=BLOCK), [("B", both)])
    if result.rows[0]["dice"] is None:
        assert result.reasons["B", "lt_parotid"]


def test_tolerance_structures_and_grids():
    reference, other = contours(Brain=BLOCK, Lens_L=BLOCK), contours(Brain=MOVED, Lens_L=MOVED)
    result = compare(reference, [("B", other), ("C", other)], structures=["Lens_L"], tolerance=5.0)
    assert [(row["other"], row["tolerance_mm"], row["surface_dice"]) for row in result.rows] == [
        ("B", 5.0, 1.0), ("C", 5.0, 1.0)]
    with pytest.raises(InputError, match="no Eye_L; it has Brain, Lens_L"):
        compare(reference, [("B", other)], structures=["Eye_L"])
    shifted = contours(Grid.axial(GRID.shape, (3.0, 1.1, 0.9)), Brain=BLOCK)
    with pytest.raises(InputError, match="another grid"):
        compare(reference, [("B", shifted)])
