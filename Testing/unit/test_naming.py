"""Which structure is meant: exact names first, then --map, then aliases, said aloud."""

import numpy as np
import pytest

from radoncai.core.errors import InputError
from radoncai.core.grid import Grid
from radoncai.core.naming import annotated, resolve
from radoncai.core.structures import Structure, StructureSet

NAMES = ["PTV70", "PTV56", "LeftParotid", "Myelon", "Weird thing"]


def test_an_exact_name_wins_and_nothing_is_said():
    found = resolve(["PTV70"], NAMES)
    assert found.names == {"PTV70": "PTV70"} and found.said == ()


def test_a_match_by_alias_is_said():
    found = resolve(["Parotid_L", "PTV_7000"], NAMES)
    assert found.names == {"Parotid_L": "LeftParotid", "PTV_7000": "PTV70"}
    assert found.said[0] == "Parotid_L was taken to be LeftParotid of the structure set."


def test_map_decides():
    assert resolve(["SpinalCord"], NAMES, {"SpinalCord": "Weird thing"}).names == {"SpinalCord": "Weird thing"}


def test_two_candidates_stop_and_name_the_option():
    with pytest.raises(InputError, match=r"Parotid_L could be LeftParotid or Parotid_Lt .*--map Parotid_L=NAME"):
        resolve(["Parotid_L"], ["LeftParotid", "Parotid_Lt"])


def test_a_name_that_is_not_there_lists_what_is():
    with pytest.raises(InputError, match="has no PTV_6300; it has PTV70, PTV56"):
        resolve(["PTV_6300"], NAMES)


def test_annotation_fills_standard_names_and_keeps_names():
    grid = Grid.axial((5, 7, 11), (3.0, 1.1, 0.9))
    mask = np.ones(grid.shape, bool)
    s = annotated(StructureSet(grid, tuple(Structure.from_full(n, mask) for n in NAMES)))
    assert s.names == tuple(NAMES)
    assert [x.standard_name for x in s] == ["PTV_7000", "PTV_5600", "Parotid_L", "SpinalCord", ""]
    assert [x.role for x in s] == ["ptv", "ptv", "oar", "oar", "oar"]
