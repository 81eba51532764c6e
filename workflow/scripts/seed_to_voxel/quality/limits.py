"""What a config calls good enough."""

from collections.abc import Mapping

LIMITS = {
    "min_seconds_kept": ({"seconds_kept": "{} s are kept"}, ".0f"),
    # Before the run is read, those of white noise are all that is known.
    "min_degrees_of_freedom": (
        {
            "effective_degrees_of_freedom": "{} effective degrees of freedom are left",
            "degrees_of_freedom": "{} degrees of freedom are left",
        },
        ".1f",
    ),
    "min_seed_coverage": ({"min_seed_coverage": "{} of a seed lies in the brain mask"}, ".2g"),
    "max_mean_fd": ({"mean_fd": "the mean framewise displacement is {} mm"}, ".3g"),
}
"""What each limit of the config is held against, the first of these that is known, in words; its number's format."""


def told_apart(value: float, limit: float, spec: str) -> str:
    """A number with as many digits as show on which side of a limit it lies, 19.97 rather than 20.0 beside 20.

    Parameters
    ----------
    value, limit : float
        Not equal.
    spec : str
        The fewest digits, as ``.1f`` or ``.3g``.

    Returns
    -------
    str
    """
    for digits in range(int(spec[1:-1]), 17):
        text = f"{value:.{digits}{spec[-1]}}"
        if (float(text) < limit) == (value < limit) and float(text) != limit:
            return text
    return repr(value)


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
    for name, (measures, spec) in LIMITS.items():
        limit = limits[name]
        known = next((key for key in measures if metrics.get(key) is not None), None)
        if limit is None or known is None:
            continue
        value = metrics[known]
        beyond, bound = (value > limit, "at most") if name.startswith("max") else (value < limit, "at least")
        if beyond:
            reasons.append(
                f"{measures[known].format(told_apart(value, limit, spec))}, expected {bound} {limit:g} ({name})"
            )
    return reasons
