"""Figures of quality: what is drawn is what was measured."""

import numpy as np
import pandas

from seed_to_voxel.figures import quality, style

T = 50
NO_THRESHOLDS = {"fd_threshold": None, "std_dvars_threshold": None}


def test_the_carpet_of_a_run_without_a_table():
    kept = np.arange(T) > 1
    series = np.random.default_rng(0).standard_normal((30, T))
    none = np.full(T, np.nan)
    figure = quality.plot_carpet(
        series,
        series,
        np.column_stack([none, none, kept]),
        NO_THRESHOLDS,
        2.0,
        style.run_title({"subject": "01", "space": "MNI"}),
        "vertices",
    )
    assert [axes.get_ylabel().split("\n")[-1] for axes in figure.axes[:2]] == ["30 vertices"] * 2
    assert figure.get_suptitle() == "subject 01: 48 of 50 volumes kept"
    assert len(figure.axes) == 3
    after = figure.axes[1].images[0].get_array()
    assert after.mask[:, :2].all() and not after.mask[:, 2:].any()


def test_motion_is_drawn_above_the_carpet_with_its_threshold():
    rng = np.random.default_rng(1)
    before, after = rng.standard_normal((2, 30, T))
    after[3] = np.nan
    fd, dvars, kept = rng.random(T), 1 + rng.random(T), np.ones(T)
    kept[[4, 5, 20]] = 0
    figure = quality.plot_carpet(
        before, after, np.column_stack([fd, dvars, kept]), {**NO_THRESHOLDS, "fd_threshold": 0.5}, 2.5, "subject 01"
    )
    assert figure.axes[2].get_ylabel() == "before cleaning\n30 voxels"
    top, middle, upper, lower, _ = figure.axes
    # Labels are no longer than the axes that they are of.
    figure.canvas.draw()
    for axes in (top, middle):
        assert axes.yaxis.label.get_window_extent().height <= axes.get_window_extent().height
    np.testing.assert_array_equal(top.lines[0].get_ydata(), fd)
    assert top.lines[1].get_ydata() == [0.5, 0.5]
    np.testing.assert_array_equal(middle.lines[0].get_ydata(), dvars)
    assert len(middle.lines) == 1
    assert sorted(patch.get_x() for patch in top.patches) == [3.5, 4.5, 19.5]
    np.testing.assert_array_equal(upper.images[0].get_array(), before)
    drawn = lower.images[0].get_array()
    # A constant voxel is grey throughout; what was left out is masked.
    np.testing.assert_array_equal(drawn.mask.all(axis=0), kept == 0)
    np.testing.assert_array_equal(drawn.mask.any(axis=0), kept == 0)
    assert (drawn[3].compressed() == 0).all()
    assert lower.get_xlabel() == "Scan number (every 2.5 s)"


def test_edges_that_go_with_motion_are_drawn_by_seed():
    r = np.array([0.5, -0.2, 0.1, np.nan, 0.31, 0.32])
    rows = pandas.DataFrame(
        {
            "seed": ["A", "A", "A", "A", "B", "B"],
            "r": r,
            "p": [0.01, 0.5, 0.7, np.nan, 0.2, 0.04],
            "distance_mm": [10.0, 20, 30, 40, 50, 60],
            "n_subjects": [12, 12, 12, 4, 12, 11],
        }
    )
    left, right = quality.plot_qcfc(rows).axes
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["A", "B"]
    of_a, of_b = (patch.get_path().vertices[:, 1].max() for patch in left.patches)
    assert (of_a, of_b) == (1, 2)
    points = [line for line in right.lines if line.get_marker() == "."]
    np.testing.assert_array_equal(points[0].get_xydata(), [[10, 0.5], [20, -0.2], [30, 0.1]])
    np.testing.assert_array_equal(points[1].get_xydata(), [[50, 0.31], [60, 0.32]])
    title = left.figure.get_suptitle()
    assert title == "QC-FC of 5 edges, 12 participants: median |r| 0.31, 40 % with p < 0.05"


def test_edges_without_a_correlation_leave_an_empty_figure():
    rows = pandas.DataFrame({"seed": ["A"], "r": [np.nan], "p": [np.nan], "distance_mm": [1.0], "n_subjects": [3]})
    left, _ = quality.plot_qcfc(rows).axes
    assert left.figure.get_suptitle() == ""
