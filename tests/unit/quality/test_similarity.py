"""How like the others' a run's map is."""

import numpy as np
import pytest

from seed_to_voxel.quality import similarity


def test_similarity_is_the_correlation_with_the_mean_of_the_others():
    rng = np.random.default_rng(2)
    z = rng.normal(0, 1, (4, 500)) + rng.normal(0, 1, 500)
    expected = [np.corrcoef(z[i], np.delete(z, i, axis=0).mean(axis=0))[0, 1] for i in range(4)]
    assert similarity.similarities(z) == pytest.approx(expected)
    assert np.isnan(similarity.similarities(z[:1])).all()
    z[1] = 3
    assert np.isnan(similarity.similarities(z)[1])


def test_places_without_a_value_count_for_nothing():
    rng = np.random.default_rng(3)
    z = rng.normal(0, 1, (3, 400))
    z[0, :100] = 0
    expected = np.corrcoef(z[0, 100:], z[1:, 100:].mean(axis=0))[0, 1]
    assert similarity.similarities(z)[0] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("values", "odd"),
    [
        # Median 0.6, median absolute deviation 0.02: the bound is 0.6 - 3.5 x 1.4826 x 0.02 = 0.496.
        ([0.60, 0.62, 0.58, 0.62, 0.58, 0.60, 0.49], [6]),
        ([0.60, 0.62, 0.58, 0.62, 0.58, 0.60, 0.50], []),
        ([0.60, 0.62, 0.58, 0.62, 0.58, 0.60, np.nan], [6]),
        # Where all others are the same, 3.5 x 0.02 is allowed.
        ([0.6, 0.6, 0.6, 0.6, 0.52], [4]),
        ([0.6, 0.6, 0.6, 0.6, 0.54], []),
        # The most similar one is not odd, and of four runs none is.
        ([0.6, 0.6, 0.6, 0.6, 0.99], []),
        ([0.6, 0.6, 0.6, 0.1], []),
        ([np.nan] * 6, []),
    ],
)
def test_odd_is_what_lies_far_below_the_others(values, odd):
    assert np.flatnonzero(similarity.odd(np.array(values))).tolist() == odd


def test_the_grid_spans_the_brain():
    points = similarity.common_grid()
    assert points.min(axis=0).tolist() == [-90, -126, -72]
    assert points.max(axis=0).tolist() == [90, 90, 108]
    assert len(points) == 46 * 55 * 46 and len(np.unique(points, axis=0)) == len(points)


def test_shares_are_far_off_on_either_side():
    shares = np.array([0.10, 0.11, 0.12, 0.31, 0.10, np.nan, 0.12, 0.0])
    assert similarity.far(shares).tolist() == [0, 0, 0, 1, 0, 0, 0, -1]
    # Two hundredths are the least that counts for a standard deviation.
    assert similarity.far(np.array([0.1, 0.1, 0.1, 0.1, 0.16])).tolist() == [0] * 5
    assert similarity.far(shares[:4]).tolist() == [0] * 4 and similarity.far(np.full(9, np.nan)).tolist() == [0] * 9
