"""Figures that were saved leave the memory, whether or not a variable names them when it is looked for garbage."""

import weakref

import matplotlib
import pytest
from matplotlib.figure import Figure

from seed_to_voxel.figures import style


@pytest.fixture
def thawed():
    """Other tests' objects are looked at again afterwards."""
    import gc

    yield
    gc.unfreeze()


@pytest.mark.parametrize("named", [False, True])
def test_a_figure_that_is_named_during_a_look_goes_with_the_next(named, tmp_path, thawed):
    with matplotlib.rc_context():
        style.use_style()
        figure = Figure(figsize=(1, 1))
        figure.add_axes((0, 0, 1, 1)).plot([0, 1])
        style.save(figure, tmp_path / "figure")
        there = weakref.ref(figure)
        if not named:
            del figure
        style.let_go()
        assert (there() is not None) == named
        figure = None
        style.let_go()
        assert there() is None
