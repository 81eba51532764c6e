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


@pytest.mark.parametrize(("n", "said"), [(2, "partial r (of two seeds, r)"), (3, "partial r")])
def test_that_partial_r_of_two_seeds_is_r_is_said(n, said):
    r = blocks(n)
    figure, _ = relations.plot_relations(r, r, list("abc")[:n], None, "RdBu_r", "subject 01")
    (text,) = [text for text in figure.texts if "above it" in text.get_text()]
    assert text.get_text().endswith(f"above it {said}")
    assert text.get_window_extent().x1 < figure.bbox.x1


@pytest.mark.parametrize("n", [3, 10, 40])
def test_a_contrast_is_whole_below_the_diagonal_and_significant_above_it(n):
    rng = np.random.default_rng(0)
    values = np.triu(rng.normal(0, 0.2, (n, n)), 1)
    values += values.T
    np.fill_diagonal(values, np.nan)
    p = np.where(np.abs(values) > 0.2, 0.01, 0.2)
    labels, order = [f"Seed{number}" for number in range(n)], np.arange(n)[::-1]
    words = ("effect (Fisher z)", "family-wise over the pairs, max-T")
    figure, alt = relations.plot_tested(values, p, labels, order, 0.05, words, "RdBu_r", ("Title", "Model m"))
    axes, bar = figure.axes
    shown = np.ma.filled(axes.images[0].get_array(), np.nan)
    assert [text.get_text() for text in axes.get_yticklabels()] == labels[::-1]
    for row in range(n):
        for column in range(n):
            value = values[order[row], order[column]]
            if row > column or (row < column and abs(value) > 0.2):
                assert shown[row, column] == value
            else:
                assert np.isnan(shown[row, column])
    written = [text.get_window_extent() for text in figure.texts]
    assert max(extent.x1 for extent in written) <= figure.bbox.x1
    assert min(extent.y0 for extent in written) >= axes.get_window_extent().y1
    largest = np.nanmax(np.abs(values))
    assert axes.images[0].get_clim() == (-largest, largest) and bar.get_ylabel() == "effect (Fisher z)"
    above = int((p[np.triu_indices(n, 1)] < 0.05).sum())
    assert (
        alt == f"Effect (Fisher z) of {n * (n - 1) // 2} pairs of {n} seeds; {above} of them have p < 0.05, {words[1]}."
    )
    box = [text.get_window_extent() for text in [*axes.get_xticklabels(), *axes.get_yticklabels()]]
    assert min(extent.x0 for extent in box) >= 0 and min(extent.y0 for extent in box) >= 0


def test_what_is_next_to_nothing_has_no_strong_colour():
    values = np.array([[np.nan, -0.01], [-0.01, np.nan]])
    shared = (["a", "b"], np.arange(2), 0.05, ("effect (Fisher z)", "over the pairs"), "RdBu_r", ("T", "S"))
    figure, _ = relations.plot_tested(values, values + 1, *shared, relations.FAINTEST)
    image = figure.axes[0].images[0]
    assert image.get_clim() == (-0.1, 0.1)
    # A tenth of the scale is near to white.
    assert image.cmap(image.norm(-0.01))[:3] > (0.8, 0.8, 0.8)
    figure, _ = relations.plot_tested(30 * values, values + 1, *shared, relations.FAINTEST)
    assert figure.axes[0].images[0].get_clim() == (-0.3, 0.3)


def test_of_f_the_colours_begin_at_0_and_a_pair_that_nobody_has_is_blank():
    values = np.array([[np.nan, 4.0, np.nan], [4.0, np.nan, 1.0], [np.nan, 1.0, np.nan]])
    r = np.array([[1, 0.5, np.nan], [0.5, 1, 0.2], [np.nan, 0.2, 1]])
    assert sorted(relations.in_order(r)) == [0, 1, 2]
    figure, alt = relations.plot_tested(
        values, values / 100, ["a", "b", "c"], np.arange(3), 0.02, ("F", "over the pairs"), "RdBu_r", ("T", "S")
    )
    assert figure.axes[1].get_ylim() == (0, 4)
    assert alt == "F of 2 pairs of 3 seeds; 1 of them have p < 0.02, over the pairs."
