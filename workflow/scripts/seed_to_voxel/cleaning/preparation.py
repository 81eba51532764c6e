"""What is done to a run: its confounds, its censored volumes and the operator that cleans it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..base.errors import InputError, UnusableRunError
from ..base.provenance import read_json
from ..study import repetition_times
from ..study.strategies import chosen_filter, resolve
from .censoring import Censoring, censor
from .confounds import Confounds, match, read, values_of
from .filters import check_band
from .operators import cleaning_operator, degrees_of_freedom, independent
from .strategies import columns_of

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
    notes : tuple of str
        What whoever started the workflow should know.
    """

    n_volumes: int
    t_r: float
    censoring: Censoring
    confounds: np.ndarray | None
    described: dict
    notes: tuple[str, ...]

    def operator(self) -> tuple[np.ndarray, dict]:
        """Build the cleaning operator, and describe what it leaves.

        Returns
        -------
        operator : numpy.ndarray of shape (n_kept, T)
        described : dict

        Raises
        ------
        UnusableRunError
            If censoring or cleaning leaves nothing of the run, or a gap is too long for the filter.
        """
        cleaning = self.described["Cleaning"]
        longest, most = self.censoring.longest_gap, cleaning["scrubbing"]["max_gap"]
        interpolates = cleaning["filter"] == "butterworth" and not cleaning["high_pass"] is cleaning["low_pass"] is None
        if interpolates and most is not None and longest > most:
            raise UnusableRunError(
                f"{longest} volumes are censored in a row; expected at most {most} (cleaning.scrubbing.max_gap) with "
                "the Butterworth filter: what is interpolated through a longer gap swings out and leaks into the "
                "volumes that are kept. Set cleaning.filter to fourier (or auto), which needs no interpolation"
            )
        operator = cleaning_operator(
            self.n_volumes,
            self.t_r,
            **{key: cleaning[key] for key in BAND},
            confounds=self.confounds,
            kept=self.censoring.kept,
        )
        return operator, {**self.described, "DegreesOfFreedomWhiteNoise": degrees_of_freedom(operator)}

    def operator_of(self, part: np.ndarray) -> np.ndarray | None:
        """Build the operator that cleans some of the volumes by themselves.

        Parameters
        ----------
        part : numpy.ndarray of bool, shape (T,)

        Returns
        -------
        numpy.ndarray of shape (n, T), or None
            Of the volumes of the part that censoring keeps; None where cleaning leaves nothing of them.
        """
        censoring = replace(self.censoring, kept=self.censoring.kept & part)
        try:
            return replace(self, censoring=censoring).operator()[0]
        except UnusableRunError:
            return None


def check_undefined(undefined: Sequence[int], censoring: Censoring, rule: str, bold: str) -> bool:
    """Whether volumes without a value are still to be censored.

    Parameters
    ----------
    undefined : sequence of int
        Numbers of the volumes of which no voxel has a value, from 0.
    censoring : Censoring
    rule : {"refuse", "censor"}
        The config's ``cleaning.undefined_volumes``.
    bold : str
        The run's file.

    Returns
    -------
    bool

    Raises
    ------
    UnusableRunError
        If one of them is kept so far, and the rule refuses that.
    """
    kept = [int(volume) for volume in undefined if censoring.kept[volume]]
    if kept and rule == "refuse":
        raise UnusableRunError(
            f"{bold}: no voxel has a value (all are NaN or infinite) in {len(kept)} of {len(censoring.kept)} volumes: "
            f"{', '.join(str(volume + 1) for volume in kept[:5])}{', ...' if len(kept) > 5 else ''}, counted from 1; "
            "expected numbers. Look how the image was made; cleaning.undefined_volumes: censor leaves such volumes out"
        )
    return bool(kept)


def undefined_notes(bold: str, n_lost: int, n_zeroed: int) -> list[str]:
    """What is worth saying of values that a run lacks, a sentence each.

    Parameters
    ----------
    bold : str
        The run's file.
    n_lost : int
        Volumes without any value; they are censored.
    n_zeroed : int
        Values that kept volumes lack.
    """
    said = []
    if n_lost:
        said.append(f"{bold}: no voxel has a value in {n_lost} of its volumes, which are censored")
    if n_zeroed:
        said.append(
            f"{bold}: {n_zeroed} values of kept volumes are undefined (NaN or infinite) in voxels that have a value at "
            "other volumes; 0 was taken, as nilearn does, which moves the r of these voxels"
        )
    return said


def header_repetition_time(image: Any) -> float | None:
    """Repetition time that an image's header states, in seconds.

    Parameters
    ----------
    image : nibabel image, 4-D, or places.CorticalRun

    Returns
    -------
    float or None
        None for a file that has no place for it.
    """
    if hasattr(image, "header_t_r"):
        return image.header_t_r
    unit = {"msec": 1e-3, "usec": 1e-6}.get(image.header.get_xyzt_units()[1], 1)
    return float(image.header.get_zooms()[3]) * unit


def repetition_time(header_t_r: float | None, stated: Mapping[str, float | None]) -> float:
    """Settle a run's repetition time.

    A NIfTI header often holds a default (1.0, or 0) or milliseconds, so it is never the source; the
    sidecar and the user's table or config are, and they must agree.

    Parameters
    ----------
    header_t_r : float or None
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
        If nobody states it, or two statements differ by more than 1 ms, or it is not positive or in milliseconds.
    """
    known = {source: value for source, value in stated.items() if value is not None}
    if not known:
        raise InputError(
            f"no repetition time is stated in {' or '.join(stated)}; "
            + (
                f"the image's header says {header_t_r:g}, but headers are often wrong. "
                if header_t_r is not None
                else "the image itself does not say it. "
            )
            + "Give RepetitionTime (seconds) in the JSON sidecar beside the image, or "
            "t_r in the table of runs"
        )
    for source, value in known.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
            raise InputError(f"{source}: the repetition time is {value!r}; expected more than 0 seconds")
        repetition_times.check(value, f"{source}: the repetition time")
    if max(known.values()) - min(known.values()) > 1e-3:
        raise InputError(
            "the repetition times contradict each other: "
            + "; ".join(f"{value:g} s in {source}" for source, value in known.items())
            + ". Correct the wrong one"
        )
    return float(next(iter(known.values())))


def prepare(
    n_volumes: int,
    header_t_r: float | None,
    stated: Mapping[str, float | None],
    options: dict,
    bold: str,
    table: Confounds | None = None,
    undefined: Sequence[int] = (),
) -> Material:
    """Settle everything that the cleaning of a run needs.

    Parameters
    ----------
    n_volumes : int
        T.
    header_t_r : float or None
        Repetition time in the image's header, seconds; None where it has none.
    stated : dict of str to float or None
        Repetition times in seconds by where each is stated.
    options : dict
        The config's ``cleaning``.
    bold : str
        Name of the run's file.
    table : Confounds or None
    undefined : sequence of int
        Volumes without a value, which are censored.

    Returns
    -------
    Material

    Raises
    ------
    InputError
        If something that the user gave cannot be used.
    """
    t_r = repetition_time(header_t_r, stated)
    try:
        check_band(t_r, options["high_pass"], options["low_pass"])
    except InputError as error:
        sources = " and ".join(source for source, value in stated.items() if value is not None)
        raise InputError(f"{bold}: {error}. The repetition time is from {sources}") from None
    contradicted = header_t_r is not None and not abs(header_t_r - t_r) <= 1e-3
    notes = []
    if contradicted and header_t_r is not None:
        notes.append(
            f"{bold}: the header says a repetition time of {header_t_r:g} s, which is not used; {t_r:g} s is stated "
            "elsewhere"
        )
    strategy, scrubbing = resolve(options["confounds"], options["scrubbing"])
    columns: list[str] = []
    filled: list[str] = []
    values = None
    if options["confounds"]:
        if table is None:
            raise InputError(
                f"{bold}: has no confounds table, which cleaning.confounds needs; give it one, or set it to []"
            )
        columns = columns_of(table, strategy, bold) if strategy else match(table, options["confounds"])
    if table is not None and columns:
        values, filled = values_of(table, columns, n_volumes)
    censoring = censor(table, n_volumes, options["dummy_scans"], scrubbing, undefined)
    n_kept = int(censoring.kept.sum())
    redundant: list[str] = []
    if values is not None and n_kept:
        trend = np.linspace(-1, 1, n_volumes)[censoring.kept, None] if options["detrend"] else None
        taken = independent(values[censoring.kept], trend)
        redundant = [name for name, is_taken in zip(columns, taken, strict=True) if not is_taken]
        columns = [name for name in columns if name not in redundant]
        values = values[:, taken]
    if redundant:
        notes.append(
            f"{bold}: {len(redundant)} of the confounds are explained by those before them, a constant"
            f"{' or a trend' if options['detrend'] else ''}, and left out: {', '.join(redundant)}"
        )
    twice = [name for name in columns if "cosine" in name]
    filter = chosen_filter(options, scrubbing)
    if twice and options["high_pass"] is not None and filter != "cosine":
        notes.append(
            f"{bold}: the confounds have {len(twice)} cosines, which are a high-pass filter already; with "
            f"cleaning.high_pass ({options['high_pass']:g} Hz) besides, slow drifts cost degrees of freedom twice"
        )
    described = {
        "RepetitionTime": t_r,
        **({"RepetitionTimeInHeader": header_t_r} if contradicted else {}),
        "NumberOfVolumes": n_volumes,
        "NumberOfVolumesKept": n_kept,
        "SecondsKept": n_kept * t_r,
        "CensoredVolumes": censoring.censored.tolist(),
        "CensoringReasons": censoring.reasons,
        "LongestGap": censoring.longest_gap,
        "Cleaning": {
            **{key: options[key] for key in BAND},
            "filter": filter,
            "confounds_strategy": strategy,
            "confounds": columns,
            "confounds_redundant": redundant,
            "confounds_first_row_filled": filled,
            "dummy_scans": options["dummy_scans"],
            "scrubbing": scrubbing,
        },
        **({"Notes": notes} if notes else {}),
    }
    return Material(n_volumes, t_r, censoring, values, described, tuple(notes))


def read_material(
    image: Any,
    bold: str,
    options: dict,
    t_r: float | None,
    confounds: str | None = None,
    sidecar: str | None = None,
    undefined: Sequence[int] = (),
) -> Material:
    """Read a run's confounds table and sidecar, once, and settle what its cleaning needs.

    Parameters
    ----------
    image : nibabel image, 4-D
        The run; only its header is read.
    bold : str
        Its file.
    options : dict
        The config's ``cleaning``.
    t_r : float or None
        Repetition time in seconds that the dataset states.
    confounds, sidecar : str or None
        Further files of the run.
    undefined : sequence of int
        Volumes without a value, known once the run has been read; they are censored.

    Returns
    -------
    Material

    Raises
    ------
    InputError
        If something that the user gave cannot be used.
    """
    stated = {
        str(sidecar or "the JSON sidecar"): read_json(sidecar).get("RepetitionTime") if sidecar else None,
        "the dataset (t_r)": t_r,
    }
    table = read(confounds) if confounds else None
    return prepare(image.shape[-1], header_repetition_time(image), stated, options, str(bold), table, undefined)


@dataclass(frozen=True)
class Settled:
    """What a cleaning of a run comes to.

    Attributes
    ----------
    material : Material
        What it starts from.
    operator : numpy.ndarray of shape (n_kept, T) or None
        None where it leaves nothing of the run.
    described : dict
        The same for sidecars.
    unusable : str or None
        Why nothing is left.
    """

    material: Material
    operator: np.ndarray | None
    described: dict
    unusable: str | None = None

    @property
    def kept(self) -> np.ndarray:
        """Volumes that it keeps, of shape (T,)."""
        return self.material.censoring.kept

    @property
    def notes(self) -> tuple[str, ...]:
        """What whoever started the workflow should know."""
        return self.material.notes


def settle(
    image: Any,
    bold: str,
    options: dict,
    t_r: float | None,
    confounds: str | None = None,
    sidecar: str | None = None,
    lost: Sequence[int] = (),
) -> Settled:
    """Settle a cleaning of a run that has been read before; that it leaves nothing is said and no error.

    Parameters
    ----------
    image, bold, options, t_r, confounds, sidecar
        See `read_material`.
    lost : sequence of int
        Numbers of the volumes of which no voxel has a value.

    Returns
    -------
    Settled

    Raises
    ------
    InputError
        If something that the user gave cannot be used.
    """
    material = read_material(image, bold, options, t_r, confounds, sidecar)
    try:
        if check_undefined(lost, material.censoring, options["undefined_volumes"], bold):
            material = read_material(image, bold, options, t_r, confounds, sidecar, lost)
        operator, described = material.operator()
    except UnusableRunError as error:
        described = {**material.described, "DegreesOfFreedomWhiteNoise": None}
        return Settled(material, None, described, str(error))
    return Settled(material, operator, described)
