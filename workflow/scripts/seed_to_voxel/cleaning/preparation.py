"""What is done to a run: its confounds, its censored volumes and the operator that cleans it."""

from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError
from ..base.joblog import logger
from ..base.provenance import read_json
from .censoring import Censoring, censor
from .confounds import choose_columns, read_confounds, resolve
from .operators import cleaning_operator, degrees_of_freedom

BAND = ("detrend", "filter", "high_pass", "low_pass")


@dataclass(frozen=True)
class Material:
    """What the cleaning of a run starts from.

    Attributes
    ----------
    n_volumes : int
    t_r : float
        Repetition time, seconds.
    censoring : Censoring
    confounds : numpy.ndarray of shape (T, n) or None
    described : dict
        The same for sidecars.
    """

    n_volumes: int
    t_r: float
    censoring: Censoring
    confounds: np.ndarray | None
    described: dict

    def operator(self):
        """Build the cleaning operator, and describe what it leaves.

        Returns
        -------
        operator : numpy.ndarray of shape (n_kept, T)
        described : dict

        Raises
        ------
        UnusableRunError
            If censoring or cleaning leaves nothing of the run.
        """
        cleaning = self.described["Cleaning"]
        operator = cleaning_operator(
            self.n_volumes,
            self.t_r,
            **{key: cleaning[key] for key in BAND},
            confounds=self.confounds,
            kept=self.censoring.kept,
        )
        return operator, {**self.described, "DegreesOfFreedom": degrees_of_freedom(operator)}


def header_repetition_time(image):
    """Repetition time that an image's header states, in seconds.

    Parameters
    ----------
    image : nibabel image, 4-D

    Returns
    -------
    float
    """
    unit = {"msec": 1e-3, "usec": 1e-6}.get(image.header.get_xyzt_units()[1], 1)
    return float(image.header.get_zooms()[3]) * unit


def repetition_time(header_t_r, stated):
    """Settle a run's repetition time.

    A NIfTI header often holds a default (1.0, or 0) or milliseconds, so it is never the source; the
    sidecar and the user's table or config are, and they must agree.

    Parameters
    ----------
    header_t_r : float
        The header's fourth zoom, for the message.
    stated : dict of str to float or None
        Repetition times in seconds by where each is stated.

    Returns
    -------
    float
        Seconds.

    Raises
    ------
    InputError
        If nobody states it, or two statements differ by more than 1 ms, or it is not positive.
    """
    known = {source: value for source, value in stated.items() if value is not None}
    if not known:
        raise InputError(
            f"no repetition time is stated in {' or '.join(stated)}; the image's header says {header_t_r:g}, but "
            "headers are often wrong. Give RepetitionTime (seconds) in the JSON sidecar beside the image, or "
            "t_r in the table of runs"
        )
    for source, value in known.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
            raise InputError(f"{source}: the repetition time is {value!r}; expected more than 0 seconds")
    if max(known.values()) - min(known.values()) > 1e-3:
        raise InputError(
            "the repetition times contradict each other: "
            + "; ".join(f"{value:g} s in {source}" for source, value in known.items())
            + ". Correct the wrong one"
        )
    return float(next(iter(known.values())))


def prepare(image, options, t_r, bold, confounds=None, sidecar=None):
    """Settle everything that the cleaning of a run needs.

    Parameters
    ----------
    image : nibabel image, 4-D
        The run; only its header is read.
    options : dict
        The config's ``cleaning``.
    t_r : float or None
        Repetition time in seconds that the dataset states.
    bold, confounds, sidecar : str or None
        Files of the run.

    Returns
    -------
    Material

    Raises
    ------
    InputError
        If something that the user gave cannot be used.
    """
    n_volumes = image.shape[3]
    stated = {
        str(sidecar or "the JSON sidecar"): sidecar and read_json(sidecar).get("RepetitionTime"),
        "the dataset (t_r)": t_r,
    }
    in_header = header_repetition_time(image)
    t_r = repetition_time(in_header, stated)
    contradicted = abs(in_header - t_r) > 1e-3
    if contradicted:
        logger.warning(
            "%s: the header says a repetition time of %g s, which is not used; %g s is stated elsewhere",
            bold,
            in_header,
            t_r,
        )
    strategy, scrubbing = resolve(options["confounds"], options["scrubbing"])
    wanted = strategy or options["confounds"]
    columns = choose_columns(confounds, wanted, bold) if wanted else []
    values, filled = read_confounds(confounds, columns, n_volumes) if columns else (None, [])
    censoring = censor(confounds, n_volumes, options["dummy_scans"], scrubbing)
    n_kept = int(censoring.kept.sum())
    described = {
        "RepetitionTime": t_r,
        **({"RepetitionTimeInHeader": in_header} if contradicted else {}),
        "NumberOfVolumes": n_volumes,
        "NumberOfVolumesKept": n_kept,
        "SecondsKept": n_kept * t_r,
        "CensoredVolumes": censoring.censored.tolist(),
        "CensoringReasons": censoring.reasons,
        "Cleaning": {
            **{key: options[key] for key in BAND},
            "confounds_strategy": strategy,
            "confounds": columns,
            "confounds_first_row_filled": filled,
            "dummy_scans": options["dummy_scans"],
            "scrubbing": scrubbing,
        },
    }
    return Material(n_volumes, t_r, censoring, values, described)
