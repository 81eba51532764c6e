"""What a config calls good enough."""

from collections.abc import Mapping

LIMITS = {
    "min_seconds_kept": (["seconds_kept"], "{:.0f} s are kept"),
    # Before the run is read, those of white noise are all that is known.
    "min_degrees_of_freedom": (
        ["effective_degrees_of_freedom", "degrees_of_freedom"],
        "{:.1f} degrees of freedom are left",
    ),
    "min_seed_coverage": (["min_seed_coverage"], "{:.2g} of a seed lies in the brain mask"),
    "max_mean_fd": (["mean_fd"], "the mean framewise displacement is {:.3g} mm"),
}
"""What each limit of the config is held against, the first of these that is known, in words."""


def judge(metrics: Mapping, limits: Mapping) -> list[str]:
    """Hold a run against limits.

    Parameters
    ----------
    metrics : dict
        With the keys that `LIMITS` names; a value of None is beyond no limit.
    limits : dict
        The config's ``quality.refuse`` or ``quality.warn``.

    Returns
    -------
    list of str
        A reason for each limit that the run is beyond.
    """
    reasons = []
    for name, (keys, words) in LIMITS.items():
        limit = limits[name]
        value = next((metrics[key] for key in keys if metrics.get(key) is not None), None)
        if limit is None or value is None:
            continue
        beyond, bound = (value > limit, "at most") if name.startswith("max") else (value < limit, "at least")
        if beyond:
            reasons.append(f"{words.format(value)}, expected {bound} {limit:g} ({name})")
    return reasons
