"""Maps in numbers: the distribution of r, the table of clusters, the profile over networks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..connectivity import nodes
from .style import GREY, frame

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BARS = "#9db8d2"
NULL = "#d55e00"


def null_density(r: np.ndarray, nu: float) -> np.ndarray:
    """Density of r between independent series with nu degrees of freedom.

    Fisher's approximation: arctanh(r) is normal with mean 0 and variance 1 / (nu - 2), so that the density of r is
    that of the normal at arctanh(r), divided by 1 - r^2.

    Parameters
    ----------
    r : numpy.ndarray
        Within (-1, 1).
    nu : float
        Degrees of freedom, more than 2.

    Returns
    -------
    numpy.ndarray
    """
    spread = 1 / np.sqrt(nu - 2)
    z = np.arctanh(r)
    return np.exp(-0.5 * (z / spread) ** 2) / (spread * np.sqrt(2 * np.pi)) / (1 - r**2)


def null_bound(nu: float, sided: float = 1.959964) -> float:
    """|r| that independent series exceed one time in twenty: tanh(1.96 / sqrt(nu - 2)).

    Parameters
    ----------
    nu : float
    sided : float
        Normal quantile; 1.96 leaves 5 % on both sides together.

    Returns
    -------
    float
    """
    return float(np.tanh(sided / np.sqrt(nu - 2)))


def plot_distribution(
    values: np.ndarray,
    nu: float,
    threshold: float,
    title: str,
    subtitle: str,
    remark: str,
    places: str = "voxels",
) -> tuple[Figure, str]:
    """Draw the distribution of a map's r with the one expected from independent series.

    Parameters
    ----------
    values : numpy.ndarray of shape (n_voxels,)
        r; NaN where undefined.
    nu : float
        Effective degrees of freedom of the median voxel.
    threshold : float
    title, subtitle, remark : str
    places : str
        What the values are of.

    Returns
    -------
    figure : matplotlib.figure.Figure
    alt : str
    """
    figure = Figure(figsize=(7, 4.2))
    axes = figure.add_axes((0.095, 0.18 if remark else 0.12, 0.875, 0.56 if remark else 0.62))
    alt = draw_distribution(axes, values, nu, threshold, places=places)
    frame(figure, title, subtitle, remark)
    return figure, alt


def draw_distribution(
    axes: Axes,
    values: np.ndarray,
    nu: float,
    threshold: float,
    columns: int = 2,
    numbers: bool = True,
    places: str = "voxels",
) -> str:
    """Draw the distribution into axes; see `plot_distribution`.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    values : numpy.ndarray of shape (n_voxels,)
    nu, threshold : float
    columns : int
        Of the legend above the axes.
    numbers : bool
        Whether the mean, the spread and what lies beyond stand above, in a line.
    places : str
        What the values are of.

    Returns
    -------
    str
        What is shown, in words and numbers.
    """
    defined = values[np.isfinite(values)]
    bound = null_bound(nu)
    grid = np.linspace(-0.999, 0.999, 999)
    null = null_density(grid, nu)
    axes.fill_between(grid, null, color=NULL, alpha=0.12, linewidth=0)
    axes.plot(grid, null, color=NULL, linewidth=1.8, label=f"expected of independent series (ν = {nu:.1f})")
    top = float(null.max())
    alt = "No voxel has a defined r."
    if defined.size:
        density, edges = np.histogram(defined, bins=80, range=(-1, 1), density=True)
        # A constant map is one tall bar, which would flatten the expectation.
        shown = np.minimum(density, 3 * top)
        axes.stairs(shown, edges, fill=True, color=BARS, alpha=0.85, zorder=0, label=f"{defined.size:,} {places}")
        top = max(top, float(shown.max()))
        beyond = float((np.abs(defined) > bound).mean())
        alt = (
            f"r has mean {defined.mean():.2f} and standard deviation {defined.std():.2f} over {defined.size} {places}; "
            f"independent series with nu = {nu:.1f} would have {null_spread(nu):.2f}. {100 * beyond:.1f} % of the "
            f"{places} lie beyond |r| = {bound:.2f}, where 5 % would by chance."
        )
        line = (
            f"mean {defined.mean():.2f}, SD {defined.std():.2f} (expected {null_spread(nu):.2f}); "
            f"{100 * beyond:.1f} % beyond |r| = {bound:.2f} (expected 5 %)"
        )
        if numbers:
            axes.text(
                0,
                1.02,
                line,
                transform=axes.transAxes,
                va="bottom",
                fontsize=8,
                color="0.25",
            )
    for sign in (-1, 1):
        axes.axvline(sign * bound, color=NULL, linewidth=0.9, linestyle=":")
        axes.axvline(sign * threshold, color=GREY, linewidth=0.9, linestyle="--")
    axes.plot([], [], color=NULL, linewidth=0.9, linestyle=":", label=f"95 % of independent series, ±{bound:.2f}")
    axes.plot([], [], color=GREY, linewidth=0.9, linestyle="--", label=f"threshold of the figures, ±{threshold:g}")
    axes.set(xlim=(-1, 1), ylim=(0, 1.08 * top), xlabel="Pearson r", ylabel="Density")
    # Above a line of numbers where there is one: inside, they would cover lines where these lie far apart.
    above = 1.07 if numbers else 1.0
    axes.legend(fontsize=8, frameon=False, loc="lower left", bbox_to_anchor=(-0.02, above), ncols=columns)
    return alt


def null_spread(nu: float) -> float:
    """Standard deviation of r between independent series, from `null_density`."""
    grid = np.linspace(-0.9999, 0.9999, 4001)
    density = null_density(grid, nu)
    return float(np.sqrt(np.sum(grid**2 * density) / np.sum(density)))


def plot_clusters(
    table: pandas.DataFrame, threshold: float, title: str, subtitle: str, remark: str, rows: int = 14
) -> tuple[Figure, str]:
    """Draw the table of clusters and peaks.

    Parameters
    ----------
    table : pandas.DataFrame
        From `nodes.cluster_table` and `peaks.with_z`; with ``region``, where an atlas names the peaks.
    threshold : float
    title, subtitle, remark : str
    rows : int
        More rows are counted, and left to the table's file.

    Returns
    -------
    figure : matplotlib.figure.Figure
    alt : str
    """
    # Names that are not there are NaN to pandas.
    table = table.astype(object).where(table.notna(), None)
    shown = table.head(rows)
    line = 0.215
    height = 1.25 + line * max(len(shown), 1) + (0.3 if remark else 0)
    figure = Figure(figsize=(8.2, height))
    columns = (
        ("cluster", 0.064, "right"),
        ("x", 0.125, "right"),
        ("y", 0.18, "right"),
        ("z (mm)", 0.255, "right"),
        ("peak r", 0.325, "right"),
        ("z-score", 0.4, "right"),
        ("volume (cm³)", 0.515, "right"),
        *((("region", 0.54, "left"),) if "region" in table else ()),
        ("nearest node", 0.74, "left") if "region" in table else ("nearest named node", 0.54, "left"),
        *(() if "region" in table else (("network", 0.77, "left"),)),
        ("away (mm)", 0.985, "right"),
    )
    top = height - 0.72

    def write(y: float, cells: Iterable[str], **style: Any) -> None:
        for (_, x, side), cell in zip(columns, cells, strict=True):
            figure.text(x, y / height, cell, ha=side, va="center", fontsize=8.5, **style)

    write(top, [name for name, *_ in columns], color=GREY)
    rule = Line2D((0.012, 0.988), ((top - 0.13) / height,) * 2, color="0.3", linewidth=0.8)
    figure.add_artist(rule)
    for position, (_, row) in enumerate(shown.iterrows()):
        y = top - 0.28 - line * position
        main = row["cluster"].isdigit()
        mark = " ¹" if row["table"] == "Seitzman" else ""
        color = "#2166ac" if row["peak_r"] < 0 else "black" if main else "0.35"
        write(
            y,
            [
                row["cluster"],
                *(f"{row[axis]:z.0f}" for axis in "xyz"),
                f"{row['peak_r']:.2f}",
                f"{row['peak_z']:.1f}",
                f"{row['volume_mm3'] / 1000:.2f}" if main else "",
                *([row["region"] or "none"] if "region" in row else []),
                (row["node"] or f"none within {nodes.NEAR} mm") + (mark if "region" in row else ""),
                *([] if "region" in row else [f"{row['network'] or ''}{mark}"]),
                f"{row['distance_mm']:.1f}",
            ],
            color=color,
        )
    note = []
    if len(table) > len(shown):
        note.append(f"{len(table) - len(shown)} more peaks are in the table beside this figure.")
    if (shown["table"] == "Seitzman").any():
        note.append("¹ Seitzman et al. 2018; the others Dosenbach et al. 2010.")
    if not len(table):
        figure.text(
            0.03, (top - 0.35) / height, f"no cluster with a peak at |r| > {threshold:g}", fontsize=10, color=GREY
        )
    bottom = 0.38 if remark else 0.13
    figure.text(0.012, bottom / height, "  ".join(note), fontsize=8, color=GREY, va="center")
    frame(figure, title, subtitle, remark)
    clusters = int(table["cluster"].str.isdigit().sum()) if len(table) else 0
    if not clusters:
        return figure, f"No cluster with a peak at |r| > {threshold:g}."
    first = table.iloc[0]
    alt = (
        f"{clusters} clusters with {len(table)} peaks at |r| > {threshold:g}; the strongest has "
        f"r = {first['peak_r']:.2f} (z-score {first['peak_z']:.1f}) at "
        f"({first['x']:z.0f}, {first['y']:z.0f}, {first['z']:z.0f}) mm "
        + (f"in {first['region']}, " if first.get("region") else "")
        + (f"near {first['node']} ({first['network']})." if first["node"] else "with no named node near.")
    )
    return figure, alt


def plot_networks(profile: pandas.DataFrame, title: str, subtitle: str, remark: str) -> tuple[Figure, str]:
    """Draw the mean z of each node by network, the default-mode nodes against the others.

    Parameters
    ----------
    profile : pandas.DataFrame
        From `nodes.node_profile`.
    title, subtitle, remark : str

    Returns
    -------
    figure : matplotlib.figure.Figure
    alt : str
    """
    figure = Figure(figsize=(7, 3.9))
    axes = figure.add_axes((0.205, 0.2 if remark else 0.15, 0.765, 0.61 if remark else 0.66))
    text, alt = draw_networks(axes, profile)
    # From the figure's edge, as beside the axes there is no room for it.
    figure.text(0.012, axes.get_position().y1 + 0.025, text, fontsize=9, color="0.25", va="bottom")
    frame(figure, title, subtitle, remark)
    return figure, alt


def draw_networks(axes: Axes, profile: pandas.DataFrame) -> tuple[str, str]:
    """Draw a profile over networks into axes; see `plot_networks`.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    profile : pandas.DataFrame

    Returns
    -------
    text : str
        The difference, to stand beside it.
    alt : str
    """
    means = nodes.network_means(profile)
    inside, outside, difference = nodes.default_against_others(profile)
    if not len(means):
        axes.text(0.5, 0.5, "no node has a defined z", transform=axes.transAxes, ha="center", color=GREY)
        axes.set_axis_off()
        return "", "No node of Dosenbach's has a defined z."
    # The same jitter in every figure: a place in a stack, not a random number.
    for row, (network, mean) in enumerate(means.iloc[::-1].items()):
        group = profile[(profile["network"] == network) & profile["z_mean"].notna()].sort_values("z_mean")
        jitter = 0.22 * np.resize([0, 1, -1, 0.5, -0.5], len(group))
        color = "#d55e00" if network == nodes.DEFAULT else "#0072b2"
        away = ~group["at_seed"].to_numpy()
        axes.scatter(group["z_mean"][away], row + jitter[away], s=16, color=color, alpha=0.45, linewidth=0)
        if (~away).any():
            axes.scatter(
                group["z_mean"][~away], row + jitter[~away], s=18, facecolor="none", edgecolor=color, linewidth=0.9
            )
        axes.plot([mean, mean], [row - 0.36, row + 0.36], color=color, linewidth=2.6, solid_capstyle="butt")
    axes.axvline(0, color="0.75", linewidth=0.8, zorder=0)
    axes.set_yticks(range(len(means)), means.index[::-1])
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.set(xlabel="Mean Fisher z in a node's sphere of 5 mm", ylim=(-0.6, len(means) - 0.35))
    hollow = int((profile["at_seed"] & profile["z_mean"].notna()).sum())
    text = f"default-mode nodes {inside:z.2f}, others {outside:z.2f}: difference {difference:z.2f}"
    if hollow:
        text += f"   (○ {hollow} at the seed, in no mean)"
    parts = ", ".join(f"{network} {mean:z.2f}" for network, mean in means.items())
    return text, f"Mean Fisher z by network: {parts}. Default-mode nodes minus all others: {difference:z.2f}."
