import numpy as np
import pytest
from data.rois import twenty_rois

from radoncai.core.crossings import crossing_polygons
from radoncai.core.keyholes import joined_by_keyholes
from radoncai.core.polygons import mask_to_polygons
from radoncai.core.smoothing import smooth_rings

SQUARE = np.array([(0, 0), (10, 0), (10, 10), (0, 10)], float)
BOW = np.array([(0, 0), (10, 10), (10, 0), (0, 10)], float)
KEYHOLE = np.array([(0, 0), (10, 0), (10, 10), (5, 10), (5, 6), (7, 6), (7, 4), (3, 4), (3, 6), (5, 6), (5, 10),
                    (0, 10)], float)
PINCH = np.array([(0, 0), (5, 5), (0, 10), (10, 10), (5, 5), (10, 0)], float)


def test_a_bow_tie_crosses_and_keyholes_and_pinches_do_not():
    assert crossing_polygons([SQUARE, BOW, KEYHOLE, PINCH, BOW + 100], 0.01) == [1, 4]
    assert crossing_polygons([], 0.01) == []


def test_a_crossing_no_deeper_than_the_limit_does_not_count():
    nearly = np.array([(0, 0), (10, 0), (10, 5), (5, -0.005), (0, 5)], float)
    assert crossing_polygons([nearly], 0.01) == []
    assert crossing_polygons([nearly + np.array([(0, 0)] * 3 + [(0, -0.1)] + [(0, 0)])], 0.01) == [0]


@pytest.mark.parametrize("seed", range(6))
def test_the_same_as_comparing_all_pairs(seed):
    rng = np.random.default_rng(seed)
    polygons = [rng.normal(size=(rng.integers(3, 9), 2)) * 20 for _ in range(30)]
    expected = []
    for n, p in enumerate(polygons):
        edges = list(zip(p, np.roll(p, -1, axis=0), strict=True))
        side = lambda a, b, c: (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])  # noqa: E731
        if any(side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0
               for i, (a, b) in enumerate(edges) for c, d in edges[:i]):
            expected.append(n)
    assert crossing_polygons(polygons, 1e-9) == expected


def test_none_of_our_own_contours_crosses_itself():
    for mask in twenty_rois((5, 90, 98)).values():
        for plane in mask:
            assert crossing_polygons(mask_to_polygons(plane), 0.01) == []
            assert crossing_polygons(joined_by_keyholes(smooth_rings(plane)), 0.01) == []
