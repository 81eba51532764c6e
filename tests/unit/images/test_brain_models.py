"""Vertices of a pair and structures of an axis, as nibabel has them."""

import nibabel
import numpy as np

from seed_to_voxel.images import brain_models


def test_the_vertices_of_a_pair_are_what_nibabel_says_of_them():
    both = nibabel.cifti2.BrainModelAxis.from_surface(np.arange(5), 5, "CortexLeft")
    both += nibabel.cifti2.BrainModelAxis.from_surface(np.arange(7), 7, "CortexRight")
    own = brain_models.Vertices([5, 7])
    for name in ("name", "vertex", "voxel", "nvertices", "affine", "volume_shape"):
        np.testing.assert_array_equal(getattr(own, name), getattr(both, name))
    assert len(own) == len(both)
    voxels = nibabel.cifti2.BrainModelAxis.from_mask(np.ones((2, 2, 2)), "thalamus_left", np.eye(4))
    for axis in (both, both + voxels, voxels + both):
        expected = [(str(name), np.arange(len(axis))[part]) for name, part, _ in axis.iter_structures()]
        found = [(name, np.arange(len(axis))[part]) for name, part in brain_models.parts(axis)]
        assert [name for name, _ in found] == [name for name, _ in expected]
        for (_, one), (_, two) in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one, two)
