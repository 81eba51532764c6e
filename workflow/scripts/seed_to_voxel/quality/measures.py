"""How good a run is: what is measured, and what a config calls good enough."""

import csv
import html

import numpy as np

from ..cleaning.operators import clean_voxels, used_volumes
from ..images import nifti

LIMITS = {
    "min_seconds_kept": ("seconds_kept", "{:.0f} s are kept"),
    "min_degrees_of_freedom": ("degrees_of_freedom", "{:.1f} degrees of freedom are left"),
    "min_seed_coverage": ("min_seed_coverage", "{:.2g} of a seed lies in the brain mask"),
    "max_mean_fd": ("mean_fd", "the mean framewise displacement is {:.3g} mm"),
}
"""What each limit of the config is held against, in words."""

COLUMNS = {
    "n_volumes": ("Volumes of the run", None),
    "n_volumes_kept": ("Volumes left after dummy scans and scrubbing", None),
    "seconds_kept": ("The same in seconds", "s"),
    "degrees_of_freedom": ("Degrees of freedom nu that cleaning leaves to white noise", None),
    "n_confounds": ("Columns of the confounds table that were regressed out", None),
    "mean_fd": ("Mean framewise displacement of all volumes but the first", "mm"),
    "max_fd": ("Largest framewise displacement", "mm"),
    "mean_std_dvars": ("Mean standardised DVARS of all volumes but the first", None),
    "median_tsnr": (
        "Median over the brain mask of the temporal signal-to-noise ratio: mean over standard deviation of the kept "
        "volumes, before smoothing and cleaning",
        None,
    ),
    "min_seed_coverage": ("Smallest share of a seed's voxels in the brain mask", None),
}
"""Columns of the table of quality that every run has, with what they are and their units."""


def motion_metrics(censoring):
    """Summarise the head motion of a run.

    Parameters
    ----------
    censoring : censoring.Censoring

    Returns
    -------
    dict
        ``mean_fd`` and ``max_fd`` (mm) and ``mean_std_dvars``, None where the run has none.
    """

    def over(values, function):
        finite = None if values is None else values[np.isfinite(values)]
        return None if finite is None or not finite.size else float(function(finite))

    return {
        "mean_fd": over(censoring.fd, np.mean),
        "max_fd": over(censoring.fd, np.max),
        "mean_std_dvars": over(censoring.std_dvars, np.mean),
    }


def cleaning_metrics(described):
    """Summarise what cleaning leaves of a run.

    Parameters
    ----------
    described : dict
        From `preparation.Material`; without ``DegreesOfFreedom`` where nothing is left.

    Returns
    -------
    dict
    """
    return {
        "n_volumes": described["NumberOfVolumes"],
        "n_volumes_kept": described["NumberOfVolumesKept"],
        "seconds_kept": described["SecondsKept"],
        "degrees_of_freedom": described.get("DegreesOfFreedom"),
        "n_confounds": len(described["Cleaning"]["confounds"]),
    }


def judge(metrics, limits):
    """Hold a run against limits.

    Parameters
    ----------
    metrics : dict
        With the keys that `LIMITS` names; a value of None is beyond no limit.
    limits : dict
        The config's ``measures.refuse`` or ``measures.warn``.

    Returns
    -------
    list of str
        A reason for each limit that the run is beyond.
    """
    reasons = []
    for name, (key, words) in LIMITS.items():
        limit, value = limits[name], metrics.get(key)
        if limit is None or value is None:
            continue
        beyond, bound = (value > limit, "at most") if name.startswith("max") else (value < limit, "at least")
        if beyond:
            reasons.append(f"{words.format(value)}, expected {bound} {limit:g} ({name})")
    return reasons


def sentence(metrics):
    """A run's quality in one sentence.

    Parameters
    ----------
    metrics : dict
        From `cleaning_metrics` and `motion_metrics`, and ``median_tsnr``.

    Returns
    -------
    str
    """
    parts = [f"{metrics['n_volumes_kept']} of {metrics['n_volumes']} volumes kept"]
    if metrics.get("mean_fd") is not None:
        parts.append(f"mean framewise displacement {metrics['mean_fd']:.2f} mm")
    if metrics.get("median_tsnr") is not None:
        parts.append(f"median temporal signal-to-noise ratio {metrics['median_tsnr']:.0f}")
    return "; ".join(parts) + "."


def measure(image, brain, operator, seed_voxels, n_carpet=500):
    """Read an unsmoothed run once, for its temporal signal-to-noise ratio and its carpet.

    Parameters
    ----------
    image : nibabel image, 4-D
    brain : numpy.ndarray of bool, shape (x, y, z)
    operator : numpy.ndarray of shape (n_kept, T)
    seed_voxels : list of numpy.ndarray of int, shape (n, 3)
    n_carpet : int
        Voxels of the carpet at most, evenly spread over the mask.

    Returns
    -------
    median_tsnr : float
        Over the brain.
    seed_tsnr : list of float
        Median over each seed's voxels.
    before, after : numpy.ndarray of shape (n_shown, T)
        The carpet in standard deviations of the kept volumes: with its linear trend taken off, and
        cleaned (NaN at volumes that are not kept). Voxels are sorted by how closely they follow the
        mean of all before cleaning.
    """
    used = used_volumes(operator)
    shown = np.argwhere(brain)[np.unique(np.linspace(0, brain.sum() - 1, n_carpet).astype(int))]
    at = tuple(shown.T)
    carpet = np.empty((image.shape[3], len(shown)), dtype=np.float32)
    total, squares = np.zeros((2, *image.shape[:3]), order="F")
    reference = None
    for t, volume in enumerate(nifti.volumes(image)):
        carpet[t] = volume[at]
        if t in used:
            # Deviations from the first volume that is used keep their digits when squared.
            reference = volume.astype(np.float64) if reference is None else reference
            deviation = volume - reference
            total += deviation
            squares += deviation**2
    n = len(used)
    variance = (squares - total**2 / n) / (n - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        tsnr = np.where(variance > 0, (reference + total / n) / np.sqrt(variance), np.nan)
    in_seeds = [tsnr[tuple(voxels.T)] for voxels in seed_voxels]
    after = carpet[used]
    clean_voxels(operator[:, used], after)
    times = np.column_stack([np.ones(len(carpet)), np.linspace(-1, 1, len(carpet))])
    before = carpet - times @ np.linalg.lstsq(times[used], carpet[used], rcond=None)[0]
    before /= np.maximum(before[used].std(axis=0, ddof=1), 1e-6)
    order = np.argsort(-(before[used].mean(axis=1) @ before[used]))
    gaps = np.full_like(carpet, np.nan)
    gaps[used] = after
    return (
        float(np.nanmedian(tsnr[brain])),
        [float(np.nanmedian(values)) if np.isfinite(values).any() else None for values in in_seeds],
        before[:, order].T,
        gaps[:, order].T,
    )


def table_rows(entries, labels, limits):
    """Rows of the table of quality.

    Parameters
    ----------
    entries : list of dict
        For each run ``labels`` (its entities), ``metrics``, ``refused`` (reasons) and ``seeds`` (``coverage``
        and ``tsnr`` by label).
    labels : list of str
        Of all seeds.
    limits : dict
        The config's ``measures.warn``.

    Returns
    -------
    list of dict
        Refused runs have the reasons, and n/a where nothing was measured.
    """
    entities = []
    for entry in entries:
        entities += [name for name in entry["labels"] if name not in entities]
    rows = []
    for entry in entries:
        row = {name: entry["labels"].get(name) for name in entities}
        warned = [] if entry["refused"] else judge(entry["metrics"], limits)
        row["verdict"] = "refused" if entry["refused"] else "warned" if warned else "accepted"
        row["reasons"] = "; ".join([*entry["refused"], *warned]) or None
        row |= {name: entry["metrics"].get(name) for name in COLUMNS}
        for quantity in ("coverage", "tsnr"):
            row |= {f"{quantity}_{label}": entry["seeds"].get(label, {}).get(quantity) for label in labels}
        rows.append(row)
    return rows


def _cell(value):
    if value is None:
        return "n/a"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def write_table(path, rows):
    """Write the table of quality, tab-separated, n/a where there is no value."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(rows[0])
        writer.writerows([_cell(value) for value in row.values()] for row in rows)


def describe_table(labels):
    """The JSON file beside the table of quality: what each column is, and its units."""
    described = {
        "verdict": {"Description": "accepted, warned (used, but beyond a limit of quality.warn) or refused"},
        "reasons": {"Description": "Which limits the run is beyond, or why nothing is left of it"},
        **{name: {"Description": text, **({"Units": unit} if unit else {})} for name, (text, unit) in COLUMNS.items()},
    }
    for label in labels:
        described[f"coverage_{label}"] = {"Description": f"Share of the voxels of the seed {label} in the brain mask"}
        described[f"tsnr_{label}"] = {
            "Description": f"Median temporal signal-to-noise ratio of the voxels of the seed {label}"
        }
    return described


def verdict(rows):
    """One sentence on all runs."""
    counts = {name: sum(row["verdict"] == name for row in rows) for name in ("accepted", "warned", "refused")}
    return f"{len(rows)} runs: " + ", ".join(f"{count} {name}" for name, count in counts.items())


def as_page(rows):
    """The table as a page for the report, refused runs first.

    Parameters
    ----------
    rows : list of dict
        From `table_rows`.

    Returns
    -------
    str
        HTML.
    """
    order = {"refused": 0, "warned": 1, "accepted": 2}
    rows = sorted(rows, key=lambda row: order[row["verdict"]])
    names = [name for name in rows[0] if any(row[name] is not None for row in rows)]

    def short(value):
        return f"{value:.3g}" if isinstance(value, float) else _cell(value)

    head = "".join(f"<th>{html.escape(name.replace('_', ' '))}</th>" for name in names)
    body = "".join(
        f'<tr class="{row["verdict"]}">'
        + "".join(f'<td class="{name}">{html.escape(short(row[name]))}</td>' for name in names)
        + "</tr>"
        for row in rows
    )
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Quality of the runs</title>
<style>
body {{ font-family: sans-serif; font-size: 13px; margin: 1em; }}
table {{ border-collapse: collapse; }}
th, td {{ padding: 3px 8px; text-align: left; border-bottom: 1px solid #ddd; vertical-align: top; }}
th {{ position: sticky; top: 0; background: #fff; }}
td.reasons {{ min-width: 24em; }}
.refused td {{ background: #f8d7d7; }}
.warned td {{ background: #fff3cd; }}
</style></head><body>
<p>{html.escape(verdict(rows))}.</p>
<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>
</body></html>
"""
