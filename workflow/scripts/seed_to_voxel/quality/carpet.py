"""The carpet of a run: every voxel's course as a row of grey, before and after cleaning."""

import numpy as np

GREYS = 16
"""Tell as much as more do, and keep the report of a large study small."""

SPAN = 2
"""Standard deviations from the mean to black and to white."""


def write(path, before, after):
    """Write a carpet as a picture with a pixel a value, the one after cleaning below the one before.

    Parameters
    ----------
    path : str or path-like
        PNG.
    before, after : numpy.ndarray of shape (n_voxels, T)
        In standard deviations; undefined values are drawn as 0.
    """
    from PIL import Image

    values = np.nan_to_num(np.concatenate([before, after]))
    levels = np.clip((values + SPAN) * GREYS / (2 * SPAN), 0, GREYS - 1).astype(np.uint8)
    Image.fromarray(levels * np.uint8(255 // (GREYS - 1))).save(path, optimize=True)


def read(path):
    """Read a carpet that `write` wrote.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    before, after : numpy.ndarray of shape (n_voxels, T)
        In standard deviations, the middle of each level of grey.
    """
    from PIL import Image

    with Image.open(path) as image:
        levels = np.asarray(image) // (255 // (GREYS - 1))
    return np.split((levels + 0.5) * (2 * SPAN) / GREYS - SPAN, 2)


def plot(before, after, motion, thresholds, t_r, title):
    """Draw head motion above the run's carpet before and after cleaning.

    Parameters
    ----------
    before, after : numpy.ndarray of shape (n_voxels, T)
        In standard deviations (Power 2017, NeuroImage 154, 150).
    motion : numpy.ndarray of shape (T, 3)
        Framewise displacement (mm), standardised DVARS, and whether the volume is kept; NaN throughout where a run
        has no such column.
    thresholds : dict
        ``fd_threshold`` (mm) and ``std_dvars_threshold``, None for none.
    t_r : float
        Repetition time, seconds.
    title : str
        Name of the run; how many volumes are kept is added.

    Returns
    -------
    matplotlib.figure.Figure
    """
    import matplotlib.pyplot as plt

    n_volumes = len(motion)
    kept = motion[:, 2] == 1
    after = np.where(kept, after, np.nan)
    shown = {
        "FD (mm)": (motion[:, 0], thresholds["fd_threshold"], "#1f5fa8"),
        "std. DVARS": (motion[:, 1], thresholds["std_dvars_threshold"], "#a8481f"),
    }
    shown = {name: facts for name, facts in shown.items() if np.isfinite(facts[0]).any()}
    figure, rows = plt.subplots(
        len(shown) + 2,
        1,
        figsize=(8.2, 5.2 + 0.6 * len(shown)),
        sharex=True,
        height_ratios=[1] * len(shown) + [3, 3],
    )
    figure.subplots_adjust(left=0.108, right=0.88, bottom=0.085, top=0.93, hspace=0.14)
    for axes, (name, (values, threshold, colour)) in zip(rows, shown.items(), strict=False):
        axes.plot(values, color=colour, linewidth=1)
        if threshold is not None:
            axes.axhline(threshold, color="0.4", linewidth=0.8, linestyle="--")
        axes.set_ylabel(name)
        axes.set_ylim(bottom=0)
        for volume in np.flatnonzero(~kept):
            axes.axvspan(volume - 0.5, volume + 0.5, color="0.85", linewidth=0)
    colours = plt.get_cmap("gray", GREYS).with_extremes(bad="#f0c8c8")
    for axes, (name, values) in zip(rows[len(shown) :], {"before": before, "after": after}.items(), strict=True):
        drawn = axes.imshow(
            np.ma.masked_invalid(values), aspect="auto", cmap=colours, vmin=-SPAN, vmax=SPAN, interpolation="none"
        )
        axes.set_ylabel(f"{name} cleaning\n{len(values)} voxels")
        axes.set_yticks([])
    for axes in rows:
        axes.yaxis.set_label_coords(-0.082, 0.5)
    rows[-1].set_xlabel(f"Scan number (every {t_r:g} s)")
    rows[-1].set_xlim(-0.5, n_volumes - 0.5)
    upper, lower = (axes.get_position() for axes in rows[-2:])
    height = upper.y1 - lower.y0
    beside = figure.add_axes((0.893, lower.y0 + 0.2 * height, 0.02, 0.6 * height))
    figure.colorbar(drawn, cax=beside, label="Standard deviations")
    figure.suptitle(f"{title}: {kept.sum()} of {n_volumes} volumes kept", fontsize=11, ha="left", x=0.01)
    return figure
