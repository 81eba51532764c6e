"""A contact sheet: every run's map of a seed on one page, the odd one to be seen at a glance."""

import base64
import html
import io
from dataclasses import dataclass

import numpy as np

from ..connectivity import summaries
from ..connectivity.correlation import fisher_z
from ..figures.slices import BOX, Underlay, colormap, sample
from ..figures.style import few_colors

STEP = 2
"""mm of a thumbnail's pixel."""

GRID = 4
"""mm of the grid on which maps are compared."""

LEAST = 5
"""Fewer runs have no distribution that one of them could be odd in."""


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
    odd : bool
        Whether it is far less similar than the others are.
    """

    title: str
    mean_fd: float
    summary: summaries.Summary
    nu: float
    thumbnail: bytes
    similarity: float = float("nan")
    odd: bool = False


class Thumbnails:
    """Small pictures of maps on three planes through a seed, all at the same place and in the same colours.

    Parameters
    ----------
    centre : tuple of float
        MNI mm.
    threshold, vmax : float
    cmap : str
    """

    def __init__(self, centre, threshold, vmax, cmap):
        self.underlay = Underlay(zip("xyz", centre, strict=True), STEP)
        self.colors = (threshold, vmax, cmap)

    def draw(self, image):
        """Draw a map.

        Parameters
        ----------
        image : nibabel image
            Map of r.

        Returns
        -------
        bytes
            PNG.
        """
        from PIL import Image

        panels = self.underlay.lay(image, *self.colors)
        height = max(panel.shape[0] for panel in panels)
        padded = []
        for panel in panels:
            missing = height - panel.shape[0]
            around = ((missing // 2, missing - missing // 2), (0, 0), (0, 0))
            padded.append(np.pad(panel, around, constant_values=255))
        file = io.BytesIO()
        few_colors(Image.fromarray(np.concatenate(padded, axis=1)), 96).save(file, "png", optimize=True)
        return file.getvalue()


def common_grid():
    """Points of the grid on which maps of different runs are compared.

    Returns
    -------
    numpy.ndarray of shape (n, 3)
        MNI mm.
    """
    axes = [np.arange(low, high + 1, GRID, dtype=float) for low, high in BOX]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)


def similarities(z):
    """Correlation of each map with the mean of all others.

    Parameters
    ----------
    z : numpy.ndarray of shape (n_maps, n_points)
        Fisher z; 0 where a map has no value.

    Returns
    -------
    numpy.ndarray of shape (n_maps,)
        NaN for a single map, and for a map that is the same everywhere.
    """
    if len(z) < 2:
        return np.full(len(z), np.nan)
    total = z.sum(axis=0, dtype=np.float64)
    found = []
    for row in z:
        own = row.astype(np.float64)
        others = (total - own) / (len(z) - 1)
        used = (own != 0) & (others != 0)
        a, b = own[used] - own[used].mean() if used.any() else own[used], others[used]
        b = b - b.mean() if b.size else b
        norm = np.sqrt((a @ a) * (b @ b))
        found.append(float(a @ b / norm) if norm > 1e-12 else float("nan"))
    return np.array(found)


def mark_odd(entries, spread=3.5, least=LEAST):
    """Mark the entries whose similarity lies far below the others'.

    A similarity counts as odd where it is undefined, or lies `spread` robust standard deviations (1.4826 times the
    median absolute deviation, and at least 0.02) below the median (Iglewicz and Hoaglin 1993).

    Parameters
    ----------
    entries : list of Entry
    spread : float
    least : int
        Of fewer entries none is marked.
    """
    values = np.array([entry.similarity for entry in entries])
    defined = values[np.isfinite(values)]
    if len(entries) < least or not defined.size:
        return
    middle = np.median(defined)
    width = max(1.4826 * np.median(np.abs(defined - middle)), 0.02)
    for entry, value in zip(entries, values, strict=True):
        entry.odd = bool(not np.isfinite(value) or value < middle - spread * width)


def collect(seed, runs, threshold, vmax, cmap):
    """Lay out every run's map of a seed.

    Parameters
    ----------
    seed : dict
    runs : iterable of dict
        With ``title``, ``image`` (the map), ``mask`` (numpy.ndarray of bool), ``nu`` and ``mean_fd``.
    threshold, vmax : float
    cmap : str

    Returns
    -------
    list of Entry
        The smallest mean framewise displacement first.
    """
    thumbnails = Thumbnails((seed["x"], seed["y"], seed["z"]), threshold, vmax, cmap)
    points = common_grid()
    entries, compared = [], []
    for run in runs:
        data = np.asarray(run["image"].dataobj, dtype=np.float32)
        compared.append(fisher_z(np.nan_to_num(sample(data, run["image"].affine, points))))
        entries.append(
            Entry(
                title=run["title"],
                mean_fd=run["mean_fd"],
                summary=summaries.summarise(data[run["mask"]], threshold),
                nu=run["nu"],
                thumbnail=thumbnails.draw(run["image"]),
            )
        )
    for entry, value in zip(entries, similarities(np.stack(compared)), strict=True):
        entry.similarity = float(value)
    mark_odd(entries)
    # Runs without a displacement come last, in their own order.
    return sorted(entries, key=lambda entry: (np.isnan(entry.mean_fd), entry.mean_fd if entry.mean_fd >= 0 else 0))


def _number(value, digits=2, unit=""):
    return "n/a" if value != value else f"{value:.{digits}f}{unit}"


def _card(entry):
    summary = entry.summary
    remark = summaries.remark(summary)
    said = [
        f"mean FD {_number(entry.mean_fd, 2, ' mm')}",
        f"similarity {_number(entry.similarity)}",
    ]
    more = [
        f"r {_number(summary.low)} to {_number(summary.high)}",
        f"{_number(100 * summary.share, 1, ' %')} at |r| ≥ {summary.threshold:g}",
        f"ν {entry.nu:.1f}",
    ]
    alt = f"{entry.title}: {', '.join(said + more)}. {remark}"
    encoded = base64.b64encode(entry.thumbnail).decode()
    notes = "".join(
        f'<p class="note">{html.escape(note)}</p>' for note in [remark, "Unlike the other runs." * entry.odd] if note
    )
    fd = "" if entry.mean_fd != entry.mean_fd else f"{entry.mean_fd:.6f}"
    similarity = "" if entry.similarity != entry.similarity else f"{entry.similarity:.6f}"
    return f"""<figure class="{"odd" if entry.odd or remark else ""}" data-fd="{fd}" data-similarity="{similarity}"
 data-title="{html.escape(entry.title)}" data-share="{summary.share if summary.n_defined else 0:.6f}">
<img src="data:image/png;base64,{encoded}" alt="{html.escape(alt)}">
<figcaption><b>{html.escape(entry.title)}</b><br>{html.escape(" · ".join(said))}<br>
<small>{html.escape(" · ".join(more))}</small>{notes}</figcaption>
</figure>"""


def page(seed, entries, threshold, vmax, cmap):
    """The contact sheet as a self-contained HTML page.

    Parameters
    ----------
    seed : dict
    entries : list of Entry
    threshold, vmax : float
    cmap : str

    Returns
    -------
    str
    """
    import matplotlib

    colors = colormap(cmap)
    levels = np.linspace(-vmax, vmax, 41)
    stops = ", ".join(
        "#ccc" if abs(level) < threshold else matplotlib.colors.to_hex(colors((level + vmax) / (2 * vmax)))
        for level in levels
    )
    place = f"({seed['x']:g}, {seed['y']:g}, {seed['z']:g}) mm"
    odd = sum(entry.odd for entry in entries)
    verdict = {0: "No run is unlike the others.", 1: "One run is unlike the others."}.get(
        odd, f"{odd} runs are unlike the others."
    )
    if len(entries) < LEAST:
        verdict = ""
    known = [entry.mean_fd for entry in entries if entry.mean_fd == entry.mean_fd]
    motion = f"Mean FD {min(known):.2f} to {max(known):.2f} mm." if known else "No run has a framewise displacement."
    cards = "\n".join(map(_card, entries))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Every run's map, {html.escape(seed["label"])} seed</title>
<style>
body {{ font: 14px/1.45 system-ui, "DejaVu Sans", sans-serif; margin: 1.2rem 1.6rem; color: #222; background: #fff; }}
h1 {{ font-size: 1.35rem; margin: 0 0 .2rem; font-weight: 600; }}
p {{ max-width: 62rem; margin: .3rem 0; }}
.bar {{ display: flex; gap: 1.5rem; align-items: center; flex-wrap: wrap; margin: .9rem 0; }}
.scale {{ width: 15rem; height: .7rem; background: linear-gradient(to right, {stops}); border: 1px solid #999; }}
.ticks {{ display: flex; justify-content: space-between; width: 15rem; font-size: .78rem; color: #555; }}
main {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(280px, 1fr)); gap: .9rem; }}
figure {{ margin: 0; padding: .5rem; border: 1px solid #e2e2e2; border-radius: 6px; }}
figure.odd {{ border: 2px solid #d55e00; background: #fff7f0; }}
figure.odd img {{ mix-blend-mode: multiply; }}
img {{ width: 100%; display: block; }}
figcaption {{ font-variant-numeric: tabular-nums; }}
small {{ color: #555; }}
.note {{ color: #a33c00; margin: .15rem 0 0; font-weight: 600; font-size: .85rem; }}
select {{ font: inherit; padding: .15rem .3rem; }}
</style>
</head>
<body>
<h1>Every run's map: {html.escape(seed["name"])} ({html.escape(seed["label"])}), {place}</h1>
<p>{len(entries)} run{"s" * (len(entries) != 1)}, each on the three planes through the seed, coloured where |r| is
{threshold:g} or more. {motion} <b>{verdict}</b></p>
<p><small>Mean FD: mean framewise displacement, how far the head moved from volume to volume. Similarity: correlation of
the run's map (Fisher z) with the mean of all other runs' maps; a run is marked where it lies 3.5 robust standard
deviations below the median. ν: degrees of freedom that the cleaning left.</small></p>
<div class="bar"><label>Sort by <select id="sort">
<option value="fd">mean FD, smallest first</option>
<option value="-fd">mean FD, largest first</option>
<option value="similarity">similarity, smallest first</option>
<option value="-share">voxels beyond the threshold, most first</option>
<option value="title">name</option>
</select></label>
<div><div class="scale"></div>
<div class="ticks"><span>{-vmax:g}</span><span>r = 0</span><span>{vmax:g}</span></div></div>
</div>
<main>
{cards}
</main>
<script>
document.getElementById("sort").addEventListener("change", function (event) {{
  const key = event.target.value.replace("-", ""), sign = event.target.value.startsWith("-") ? -1 : 1;
  const main = document.querySelector("main");
  const value = (card) => card.dataset[key] === "" ? NaN : Number(card.dataset[key]);
  const byName = (a, b) => a.dataset.title.localeCompare(b.dataset.title, undefined, {{numeric: true}});
  Array.from(main.children).sort(function (a, b) {{
    if (key === "title") return byName(a, b);
    const p = value(a), q = value(b);
    if (isNaN(p) || isNaN(q)) return isNaN(p) - isNaN(q) || byName(a, b);
    return sign * (p - q) || byName(a, b);
  }}).forEach((card) => main.appendChild(card));
}});
</script>
</body>
</html>
"""
