"""The table of quality: a row a run, the refused ones with their reasons."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ..statistics.verdicts import off_line
from .limits import judge

NULL_SEEDS = ("null_seeds_5", "null_seeds_1", "null_seeds_01")
"""Columns for the shares of voxels that pass for null seeds, at 5, 1 and 0.1 %."""

COLUMNS = {
    "n_volumes": ("Volumes of the run", None),
    "n_volumes_kept": ("Volumes left after dummy scans and scrubbing", None),
    "seconds_kept": ("The same in seconds", "s"),
    "longest_gap": ("Volumes censored in a row between kept ones, at most", None),
    "n_undefined_volumes": ("Volumes at which no voxel has a value (NaN or infinite); they are left out", None),
    "n_undefined_values": (
        "Values of kept volumes that are undefined in voxels that have one at other volumes; 0 was taken",
        None,
    ),
    "degrees_of_freedom": ("Degrees of freedom nu that cleaning leaves to white noise", None),
    "effective_degrees_of_freedom": (
        "Degrees of freedom of r given the seed and the voxel's noise, the median over seeds and voxels; fewer than "
        "those of white noise where both vary slowly, more where their spectra differ. Where maps and cleanings are "
        "shown, seed by seed, nu is the median over voxels with that seed alone",
        None,
    ),
    "null_seeds_5": ("Voxels that pass at 5 % for seeds that have nothing to do with the run; 5 where z holds", "%"),
    "null_seeds_1": ("The same at 1 %", "%"),
    "null_seeds_01": ("The same at 0.1 %", "%"),
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


def with_statistics(entry: Mapping, statistics: Mapping) -> dict:
    """Add to what is known of a run's quality how far its statistics hold.

    Parameters
    ----------
    entry : dict
        From `measures.entry`.
    statistics : dict
        From `statistics.map_sidecars.metrics`.

    Returns
    -------
    dict
        With ``effective_degrees_of_freedom`` and the shares of `NULL_SEEDS` (per cent) among its ``metrics``, ``nu`` of
        each seed, and one more of its ``warnings`` where null seeds pass too often or too seldom.
    """
    shares, errors = (statistics["null_seeds"][name] for name in ("shares", "errors"))
    per_cent = [None if share is None else 100 * share for share in shares]
    return {
        **entry,
        "metrics": {
            **entry["metrics"],
            "effective_degrees_of_freedom": statistics["effective_degrees_of_freedom"],
            **dict(zip(NULL_SEEDS, per_cent, strict=True)),
        },
        "seeds": {label: {**seed, **statistics["seeds"][label]} for label, seed in entry["seeds"].items()},
        "warnings": [*entry.get("warnings", []), *filter(None, [off_line(shares, errors)])],
    }


def unlike_others(entries: Sequence[Mapping]) -> list[list[str]]:
    """Say which runs have another repetition time than most of their task.

    Parameters
    ----------
    entries : sequence of dict
        See `rows_of`; refused runs, and those without a ``repetition_time``, do not count.

    Returns
    -------
    list of list of str
        For each entry a sentence, or none.
    """
    times: dict[str | None, Counter[str]] = {}
    own = []
    for entry in entries:
        time, task = entry.get("repetition_time"), entry["labels"].get("task")
        # Statements that differ by less than a millisecond are one.
        own.append(None if time is None or entry["refused"] else f"{round(time, 3):g}")
        if own[-1] is not None:
            times.setdefault(task, Counter())[own[-1]] += 1
    said: list[list[str]] = []
    for entry, time in zip(entries, own, strict=True):
        task = entry["labels"].get("task")
        usual, count = times[task].most_common(1)[0] if time is not None else ("", 0)
        said.append(
            [f"the repetition time is {time} s, and {usual} s in {count} of {times[task].total()} runs of task {task}"]
            if time is not None and time != usual
            else []
        )
    return said


def rows_of(entries: Iterable[dict], labels: Sequence[str], limits: Mapping) -> list[dict]:
    """Rows of the table of quality.

    Parameters
    ----------
    entries : list of dict
        For each run ``labels`` (its entities), ``metrics``, ``refused`` (reasons), ``seeds`` (``coverage`` and
        ``tsnr`` by label), and perhaps ``warnings`` and ``repetition_time``; ``excluded`` where the reasons were there
        beforehand.
    labels : list of str
        Of all seeds.
    limits : dict
        The config's ``quality.warn``.

    Returns
    -------
    list of dict
        Refused runs have the reasons, and n/a where nothing was measured.
    """
    entries = list(entries)
    entities = []
    for entry in entries:
        entities += [name for name in entry["labels"] if name not in entities]
    rows = []
    for entry, unlike in zip(entries, unlike_others(entries), strict=True):
        row = {name: entry["labels"].get(name) for name in entities}
        warned = [] if entry["refused"] else judge(entry["metrics"], limits) + entry.get("warnings", []) + unlike
        refused = "excluded" if entry.get("excluded") else "refused"
        row["verdict"] = refused if entry["refused"] else "warned" if warned else "accepted"
        row["reasons"] = "; ".join([*entry["refused"], *warned]) or None
        row |= {name: entry["metrics"].get(name) for name in COLUMNS}
        for quantity in ("coverage", "tsnr"):
            row |= {f"{quantity}_{label}": entry["seeds"].get(label, {}).get(quantity) for label in labels}
        rows.append(row)
    return rows


def columns(rows: Sequence[dict]) -> dict[str, list]:
    """The rows turned into columns, as they are written."""
    return {name: [row[name] for row in rows] for name in rows[0]}


def describe(labels: Sequence[str]) -> dict[str, dict]:
    """The JSON file beside the table of quality: what each column is, and its units."""
    described = {
        "verdict": {
            "Description": "accepted, warned (used, but beyond a limit of quality.warn, or with something to look at), "
            "refused (beyond one of quality.refuse) or excluded (named by the config, or without a file that it needs)"
        },
        "reasons": {"Description": "Which limits the run is beyond, or why nothing is left of it"},
        **{name: {"Description": text, **({"Units": unit} if unit else {})} for name, (text, unit) in COLUMNS.items()},
    }
    for label in labels:
        described[f"coverage_{label}"] = {"Description": f"Share of the voxels of the seed {label} in the brain mask"}
        described[f"tsnr_{label}"] = {
            "Description": f"Median temporal signal-to-noise ratio of the voxels of the seed {label}"
        }
    return described


def verdict(rows: Sequence[Mapping]) -> str:
    """One sentence on all runs."""
    verdicts = [row["verdict"] for row in rows]
    names = ["accepted", "warned", "refused", *(["excluded"] if "excluded" in verdicts else [])]
    counts = {name: verdicts.count(name) for name in names}
    return f"{len(rows)} run{'s' * (len(rows) != 1)}: " + ", ".join(f"{count} {name}" for name, count in counts.items())
