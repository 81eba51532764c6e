"""Views of the cortex: what is in front is seen, where it belongs, and has the voxel that lies there."""

import numpy as np
import pytest
from made_maps import AFFINE, SHAPE, brain, world

from seed_to_voxel.images.views import nearest_faces
from seed_to_voxel.pages import cortex

RIGHT, TOP, VIEWER = np.eye(3)


def test_the_nearer_of_two_triangles_is_seen():
    behind = np.array([[0, 0, 0], [11, 0, 0], [0, 11, 0]], dtype=float)
    front = np.array([[0, 0, 5], [5, 0, 5], [0, 5, 5]], dtype=float)
    vertices, faces = np.concatenate([front, behind]), np.array([[0, 1, 2], [3, 4, 5]])
    seen = nearest_faces(vertices, faces, RIGHT, TOP, VIEWER)
    lowest = np.flatnonzero((seen >= 0).any(axis=1))[-1]
    left = np.flatnonzero((seen >= 0).any(axis=0))[0]
    assert seen[lowest, left] == 0, "the corner of the front triangle hides that of the other"
    assert seen[lowest, np.flatnonzero(seen[lowest] >= 0)[-1]] == 4 and 5 in seen[: lowest - 4]
    assert (seen[0] == -1).all() and (seen[:, 0] == -1).all()
    turned = nearest_faces(vertices, faces, RIGHT, TOP, -VIEWER)
    assert set(np.unique(turned)) == {-1, 3, 4, 5}, "from behind, the large one hides the small one"


@pytest.fixture(scope="module")
def views():
    return cortex.views()


def test_views_are_of_their_hemispheres_and_the_right_way_round(views):
    made, places = views
    assert len(places) == 2 * 10242
    for (name, (side, sign)), view in zip(cortex.VIEWS.items(), made, strict=True):
        there = view.vertices >= 0
        assert 0.4 < there.mean() < 0.95 and not view.grey[~there].any(), name
        x, y, z = places[view.vertices[there]].T
        assert (np.median(x) < 0) == (side == "left")
        # From the side the outer cortex is seen, from the middle the inner one.
        assert (np.median(np.abs(x)) > 25) == ((sign > 0) == (side == "right"))
        row, column = np.nonzero(there)
        assert sign * np.corrcoef(column, y)[0, 1] > 0.9, "anterior is to the left of the left hemisphere's outside"
        assert np.corrcoef(row, z)[0, 1] < -0.9
        # No holes: what lies between pixels of the cortex is cortex.
        inner = there[1:-1, 1:-1]
        beside = there[1:-1, :-2] & there[1:-1, 2:] & there[:-2, 1:-1] & there[2:, 1:-1]
        assert inner[beside].mean() > 0.999


def test_places_find_their_voxels():
    mask = brain() != 0
    points = world()[mask] + 3.9
    found = cortex.voxels_at(points, mask, AFFINE)
    np.testing.assert_array_equal(found, np.arange(mask.sum()))
    outside = AFFINE[:3, 3] + [[-20, 0, 0], [0, 0, 8 * SHAPE[2]], [0, 0, 0]]
    assert cortex.voxels_at(outside, mask, AFFINE).tolist() == [-1, -1, -1]
