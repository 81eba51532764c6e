"""The figure of seeds among themselves."""

import numpy as np
import pytest

from seed_to_voxel.figures import relations, style


@pytest.fixture(autouse=True)
def styled():
    style.use_style()


def blocks(n):
    """r of seeds of two kinds in turn: 0.8 within a kind, -0.2 between them."""
    kind = np.arange(n) % 2
    r = np.where(kind[:, None] == kind, 0.8, -0.2)
    np.fill_diagonal(r, 1)
    return r


def test_seeds_of_a_kind_stand_together():
    order = relations.in_order(blocks(8))
    assert sorted(order) == list(range(8))
    assert len({number % 2 for number in order[:4]}) == 1
    assert relations.in_order(blocks(2)).tolist() == [0, 1]


def test_a_seed_without_a_series_comes_last_and_is_blank():
    r = blocks(5)
    r[2] = r[:, 2] = np.nan
    assert relations.in_order(r)[-1] == 2
    figure, alt = relations.plot_relations(r, r, list("abcde"), None, "RdBu_r", "subject 01")
    assert len(figure.axes[0].texts) == 4 * 3 and alt.startswith("r of 6 pairs of 5 seeds")
    nothing = np.full((2, 2), np.nan)
    assert (
        relations.plot_relations(nothing, nothing, ["a", "b"], None, "RdBu_r", "")[1] == "No pair of 2 seeds has an r."
    )


@pytest.mark.parametrize("n", [2, 8, 60])
def test_what_is_where(n):
    r, labels = blocks(n), [f"Seed{number}" for number in range(n)]
    partial = np.full((n, n), 0.1)
    figure, alt = relations.plot_relations(r, partial, labels, 0.25, "RdBu_r", "subject 01")
    axes = figure.axes[0]
    shown = np.ma.filled(axes.images[0].get_array(), np.nan)
    order = relations.in_order(r)
    assert [text.get_text() for text in axes.get_yticklabels()] == [labels[number] for number in order]
    assert shown[1, 0] == r[order[1], order[0]] and shown[0, 1] == 0.1
    assert len(axes.texts) == (n * (n - 1) if n <= relations.WRITTEN else 0)
    assert any("shrunk by 0.25" in text.get_text() for text in figure.texts)
    assert ("is -0.20." in alt) if n == 2 else ("between -0.20" in alt and "0.80" in alt)
    box = [text.get_window_extent() for text in [*axes.get_xticklabels(), *axes.get_yticklabels()]]
    assert min(extent.x0 for extent in box) >= 0 and min(extent.y0 for extent in box) >= 0
