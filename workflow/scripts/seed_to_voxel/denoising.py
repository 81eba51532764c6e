"""What is done to a run: its confounds, its censored volumes and the operator that cleans it."""

from dataclasses import dataclass

import numpy as np

from . import images
from .censoring import Censoring, censor
from .cleaning import cleaning_operator, degrees_of_freedom
from .confounds import choose_columns, read_confounds, resolve
from .joblog import logger
from .provenance import read_json

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
    t_r = images.repetition_time(in_header, stated)
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
