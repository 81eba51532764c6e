"""A contact sheet: every run's map of a seed on one page, the odd one to be seen at a glance."""

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..connectivity import summaries
from ..connectivity.correlation import fisher_z
from ..figures.slices import palette
from ..figures.thumbnails import Thumbnails
from ..images.grid import sample
from ..quality import similarity
from .page import render

FILES = ("overview.html.j2", "overview.js", "sorting.js")

SCALE_STEPS = 201
"""Colours of the scale at the top of the page."""


@dataclass
class Entry:
    """One run's map on the sheet.

    Attributes
    ----------
    title : str
    mean_fd : float
        Mean framewise displacement in mm; NaN where the run has none.
    summary : summaries.Summary
    nu : float
        Degrees of freedom.
    thumbnail : bytes
        PNG.
    similarity : float
        Correlation with the mean of the other runs' maps; NaN where there is none.
    unlike : list of str
        In what it is far from the other runs' maps.
    excluded : str or None
        Why the run has no map of the seed, if it has none.
    said : callable
        Puts the name of the run's places into a text.
    """

    title: str
    mean_fd: float
    summary: summaries.Summary
    nu: float
    thumbnail: bytes
    similarity: float = float("nan")
    unlike: list[str] = field(default_factory=list)
    excluded: str | None = None
    said: Callable[[str], str] = str

    @property
    def odd(self) -> bool:
        """Whether it is far from the other runs' maps."""
        return bool(self.unlike)

    @property
    def remark(self) -> str:
        """What is unusual about the map."""
        return self.said(summaries.remark(self.summary, {"excluded": self.excluded}))

    @property
    def facts(self) -> tuple[list[str], list[str]]:
        """What is said below the map, the more important first."""
        summary = self.summary
        return (
            [f"mean FD {number(self.mean_fd, 2, ' mm')}", f"similarity {number(self.similarity)}"],
            [
                f"r {number(summary.low)} to {number(summary.high)}",
                f"{number(100 * summary.share, 1, ' %')} at |r| ≥ {summary.threshold:g}",
                f"ν\N{NO-BREAK SPACE}{self.nu:.1f}",
            ],
        )

    @property
    def alt(self) -> str:
        """The map in words, for whom the picture is not there."""
        first, more = self.facts
        return f"{self.title}: {', '.join(first + more)}. {self.remark}".strip()

    @property
    def source(self) -> str:
        """The picture as an address."""
        return f"data:image/png;base64,{base64.b64encode(self.thumbnail).decode()}"

    @property
    def sorted_by(self) -> dict[str, str | float | None]:
        """What the page sorts by."""
        values = {"fd": self.mean_fd, "similarity": self.similarity, "share": self.summary.share}
        return {"title": self.title} | {
            name: round(float(value), 6) if np.isfinite(value) else None for name, value in values.items()
        }


def number(value: float, digits: int = 2, unit: str = "") -> str:
    """A number with so many digits after the point, n/a where there is none."""
    return "n/a" if np.isnan(value) else f"{value:.{digits}f}{unit}"


def collect(seed: Mapping, runs: Iterable[Mapping], threshold: float, vmax: float, cmap: str) -> list[Entry]:
    """Lay out every run's map of a seed.

    Parameters
    ----------
    seed : dict
        With ``x``, ``y`` and ``z``, MNI mm.
    runs : iterable of dict
        With ``title``, ``image`` (the map), ``mask`` (numpy.ndarray of bool), ``nu`` and ``mean_fd``; perhaps
        ``place``, where the seed lies in this run, as a peak does, and why it is ``excluded``; and, for a run outside
        of MNI space, ``mean``, its mean image. Such runs are compared with no others. For a run on the cortical
        surface, ``values`` (the map's, of all its places), ``thumbnail`` (PNG) and ``word``, which says its places'
        name, stand for ``image``.
    threshold, vmax : float
    cmap : str

    Returns
    -------
    list of Entry
        The smallest mean framewise displacement first.
    """
    colors = (threshold, vmax, cmap)
    # The template's slices are cut once for all runs that have the seed at the same place.
    at_place: dict[tuple, Thumbnails] = {}
    points = similarity.common_grid()
    entries, compared = [], []
    for run in runs:
        if "values" in run:
            if not run.get("excluded"):
                compared.append(fisher_z(np.nan_to_num(run["values"])))
            entries.append(_entry(run, run["values"][run["mask"]], threshold, run["thumbnail"]))
            continue
        data = np.asarray(run["image"].dataobj, dtype=np.float32)
        own, place = run.get("mean"), tuple(run.get("place", (seed["x"], seed["y"], seed["z"])))
        if own is None and place not in at_place:
            at_place[place] = Thumbnails(place, *colors)
        if own is None and not run.get("excluded"):
            compared.append(fisher_z(np.nan_to_num(sample(data, run["image"].affine, points))))
        thumbnail = (at_place[place] if own is None else Thumbnails(place, *colors, own)).draw(run["image"])
        entries.append(_entry(run, data[run["mask"]], threshold, thumbnail))
    # A run that does not cover the seed is unlike none: it has no map.
    shown = [entry for entry in entries if not entry.excluded]
    # Files of CIFTI may have other places.
    if compared and len(compared) == len(shown) and len({len(own) for own in compared}) == 1:
        alike = similarity.similarities(np.stack(compared))
        for entry, value, odd in zip(shown, alike, similarity.odd(alike), strict=True):
            entry.similarity = float(value)
            entry.unlike += ["its map is not similar to theirs"] if odd else []
    far = similarity.far(np.array([entry.summary.share for entry in shown]))
    for entry, side in zip(shown, far, strict=True):
        entry.unlike += [f"far {'more' if side > 0 else 'fewer'} voxels beyond the threshold"] if side else []
    # Runs without a displacement come last, in their own order.
    return sorted(entries, key=lambda entry: (np.isnan(entry.mean_fd), np.nan_to_num(entry.mean_fd)))


def _entry(run: Mapping, values: np.ndarray, threshold: float, thumbnail: bytes) -> Entry:
    """A run's map on the sheet, from its values in the brain."""
    return Entry(
        title=run["title"],
        mean_fd=run["mean_fd"],
        summary=summaries.summarise(values, threshold),
        nu=run["nu"],
        excluded=run.get("excluded"),
        thumbnail=thumbnail,
        said=run.get("word", str),
    )


def verdict(entries: Sequence[Entry]) -> str:
    """How many runs are unlike the others, or nothing where there are too few to say."""
    if sum(not entry.excluded for entry in entries) < similarity.LEAST:
        return ""
    odd = sum(entry.odd for entry in entries)
    return {0: "No run is", 1: "One run is"}.get(odd, f"{odd} runs are") + " unlike the others."


def page(seed: Mapping, entries: Sequence[Entry], threshold: float, vmax: float, cmap: str) -> str:
    """The contact sheet as a self-contained HTML page.

    Parameters
    ----------
    seed : dict
    entries : sequence of Entry
    threshold, vmax : float
    cmap : str

    Returns
    -------
    str
    """
    levels = np.linspace(-vmax, vmax, SCALE_STEPS)
    colors = [
        "#ccc" if abs(level) < threshold else "rgb({}, {}, {})".format(*color)
        for level, color in zip(levels, palette(cmap, SCALE_STEPS), strict=True)
    ]
    known = [entry.mean_fd for entry in entries if np.isfinite(entry.mean_fd)]
    return render(
        "overview.html.j2",
        FILES,
        script="overview.js",
        data={"runs": [entry.sorted_by for entry in entries]},
        seed=seed,
        place="its peak in each run"
        if seed.get("reference")
        else f"({', '.join(f'{round(seed[axis], 1):g}' for axis in 'xyz')}) mm",
        entries=entries,
        on_surface=bool(entries) and entries[0].said("voxel") != "voxel",
        place_word=entries[0].said("voxel") if entries else "voxel",
        places=entries[0].said("voxels") if entries else "voxels",
        threshold=f"{threshold:g}",
        vmax=f"{vmax:g}",
        colors=colors,
        motion=f"Mean FD {min(known):.2f} to {max(known):.2f} mm." if known else "No run has a framewise displacement.",
        verdict=verdict(entries),
        spread=similarity.SPREAD,
    )
