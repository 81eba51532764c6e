"""Maps on the cortical surface, drawn on meshes of eight triangles a hemisphere."""

import io

import numpy as np
import pytest
from PIL import Image

from seed_to_voxel.figures import cortex
from seed_to_voxel.images.meshes import Mesh

LOOK = {"threshold": 0.2, "vmax": 1.0, "cmap": "RdBu_r"}


@pytest.fixture
def octahedra():
    """A mesh of six vertices for each hemisphere."""
    points = 30.0 * np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]])
    triangles = np.array([[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]])
    return {h: Mesh(points + np.array([x, 0, 0]), triangles, np.eye(4)) for h, x in (("L", -40), ("R", 40))}


@pytest.mark.parametrize("lacking", ["L", "R"])
def test_a_map_of_one_hemisphere_is_drawn_and_the_other_one_grey(octahedra, lacking):
    own = "R" if lacking == "L" else "L"
    values = {lacking: np.empty(0, np.float32), own: np.linspace(0.6, 0.9, 6, dtype=np.float32)}
    greys = {hemisphere: np.full(6, 0.6) for hemisphere in "LR"}
    picture = cortex.CorticalThumbnails(octahedra, greys, **LOOK).draw(values)
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).astype(int)
    columns = np.flatnonzero((np.ptp(pixels, axis=2) > 50).any(axis=0))
    # The left hemisphere's two pictures come first.
    half = pixels.shape[1] / 2
    assert len(columns) and ((columns < half) == (own == "L")).all()
    seed = {"hemisphere": own, "vertex": 0}
    figure = cortex.plot_map(values, octahedra, greys, seed, title="Map", remark="", **LOOK)
    sides = ["left"] * 4 + ["right"] * 4
    views = [axes for axes in figure.axes if axes.name == "3d"]
    coloured = {
        side
        for side, axes in zip(sides, views, strict=True)
        if (np.ptp(axes.collections[0].get_facecolor()[:, :3], axis=1) > 0.2).any()
    }
    assert coloured == {"left" if own == "L" else "right"}
