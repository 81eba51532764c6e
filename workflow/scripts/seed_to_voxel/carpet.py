"""The carpet plot of a run: every voxel's course as a row of grey, before and after cleaning."""

import numpy as np


def plot(before, after, censoring, thresholds, t_r, run_labels):
    """Draw head motion above the run's carpet before and after cleaning.

    Parameters
    ----------
    before, after : numpy.ndarray of shape (n_voxels, T)
        In standard deviations; NaN at volumes that are not kept (Power 2017, NeuroImage 154, 150).
    censoring : censoring.Censoring
    thresholds : dict
        ``fd_threshold`` (mm) and ``std_dvars_threshold``, None for none.
    t_r : float
        Repetition time, seconds.
    run_labels : dict of str to str
        The run's entities, for the title.

    Returns
    -------
    matplotlib.figure.Figure
    """
    import matplotlib.pyplot as plt

    n_volumes = before.shape[1]
    motion = {
        "FD (mm)": (censoring.fd, thresholds["fd_threshold"], "#1f5fa8"),
        "std. DVARS": (censoring.std_dvars, thresholds["std_dvars_threshold"], "#a8481f"),
    }
    motion = {name: facts for name, facts in motion.items() if facts[0] is not None}
    figure, rows = plt.subplots(
        len(motion) + 2,
        1,
        figsize=(8.2, 5.2 + 0.6 * len(motion)),
        sharex=True,
        layout="constrained",
        height_ratios=[1] * len(motion) + [3, 3],
    )
    for axes, (name, (values, threshold, colour)) in zip(rows, motion.items(), strict=False):
        axes.plot(values, color=colour, linewidth=1)
        if threshold is not None:
            axes.axhline(threshold, color="0.4", linewidth=0.8, linestyle="--")
        axes.set_ylabel(name)
        axes.set_ylim(bottom=0)
        for volume in censoring.censored:
            axes.axvspan(volume - 0.5, volume + 0.5, color="0.85", linewidth=0)
    # Sixteen greys tell as much, and keep the report of a large study small.
    colours = plt.get_cmap("gray", 16).with_extremes(bad="#f0c8c8")
    for axes, (name, values) in zip(rows[len(motion) :], {"before": before, "after": after}.items(), strict=True):
        drawn = axes.imshow(
            np.ma.masked_invalid(values), aspect="auto", cmap=colours, vmin=-2, vmax=2, interpolation="nearest"
        )
        axes.set_ylabel(f"{name} cleaning\n{len(values)} voxels")
        axes.set_yticks([])
    rows[-1].set_xlabel(f"Scan number (every {t_r:g} s)")
    rows[-1].set_xlim(-0.5, n_volumes - 0.5)
    figure.colorbar(drawn, ax=list(rows[-2:]), label="Standard deviations", shrink=0.6, pad=0.01)
    run = ", ".join(f"{entity} {label}" for entity, label in run_labels.items() if entity != "space")
    n_censored = len(censoring.censored)
    figure.suptitle(f"{run}: {n_volumes - n_censored} of {n_volumes} volumes kept", fontsize=11, ha="left", x=0.01)
    return figure
