"""Whether z holds in a run, by how many of its voxels pass for null seeds."""

from collections.abc import Sequence

LEVELS = (0.05, 0.01, 0.001)
"""Levels at which it is counted."""

BOUNDS = (1.959964, 2.575829, 3.290527)
"""|z| at these levels."""

ON_LINE = (0.035, 0.065)
"""Between which the share at 5 % lies where z holds."""


def off_line(shares: Sequence[float | None], errors: Sequence[float | None]) -> str:
    """Say that null seeds pass too often or too seldom at 5 %, or nothing.

    Parameters
    ----------
    shares, errors : sequence of float or None
        Of `null_seeds.Check`.
    """
    share, error = shares[0], errors[0]
    low, high = ON_LINE
    if share is None or error is None or low - 2 * error <= share <= high + 2 * error:
        return ""
    return f"null seeds pass in {100 * share:.2g} % of the voxels at 5 %"
