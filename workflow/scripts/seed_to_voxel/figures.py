"""The figures of a run: series of seeds and voxels, and maps."""

from pathlib import Path

FORMATS = ("pdf", "png")

STYLE = {
    "pdf.fonttype": 42,  # TrueType: text in a PDF stays text, as journals ask for
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "figure.dpi": 100,
    "savefig.dpi": 150,
}


def use_style():
    """Choose a backend that needs no screen, and one look for all figures."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams.update(STYLE)


def save(figure, stem):
    """Save a figure as PDF and PNG, without a date so that the same figure is the same file.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    stem : str or path-like
        Path without its ending.
    """
    import matplotlib.pyplot as plt

    figure.savefig(f"{stem}.pdf", metadata={"CreationDate": None})
    figure.savefig(f"{stem}.png", metadata={"Software": None})
    plt.close(figure)


def stem_of(paths):
    """Path without its ending of a figure's files, which differ in nothing else."""
    stems = {str(Path(path).with_suffix("")) for path in paths}
    if len(stems) != 1:
        raise ValueError(f"the files of one figure differ in more than their ending: {sorted(map(str, paths))}")
    return stems.pop()


def plot_series(series, title, t_r, labels=None):
    """Draw cleaned series against the volumes' numbers, with seconds above.

    Parameters
    ----------
    series : numpy.ndarray of shape (T, n)
        Standardised.
    title : str
    t_r : float
        Repetition time, seconds.
    labels : sequence of str, optional
        A name for each series, for the legend.

    Returns
    -------
    matplotlib.figure.Figure
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
    for position, column in enumerate(series.T):
        axes.plot(column, linewidth=1.2, label=labels[position] if labels else None)
    axes.set(title=title, xlabel="Scan number", ylabel="Normalized signal", xlim=(0, len(series) - 1))
    axes.axhline(0, color="0.8", linewidth=0.8, zorder=0)
    seconds = axes.secondary_xaxis("top", functions=(lambda scan: scan * t_r, lambda time: time / t_r))
    seconds.set_xlabel("Time (s)", fontsize=8)
    seconds.tick_params(labelsize=8)
    seconds.spines["top"].set_visible(False)
    if labels:
        axes.legend(fontsize=8, ncols=len(labels), loc="upper center", bbox_to_anchor=(0.5, -0.18), frameon=False)
    return figure


def prepare_template():
    """Give nilearn's plotting its MNI152 template at 2 mm without resampling it.

    Each figure's process would spend a second on splines between the voxels of the 1 mm file to find
    the values at every second voxel, which the file holds.
    """
    import nibabel
    import numpy as np
    from nilearn.datasets.struct import MNI152_FILE_PATH
    from nilearn.plotting.image.utils import MNI152TEMPLATE
    from scipy.ndimage import binary_fill_holes

    # The class and not its constant is filled, since nilearn draws from copies of the constant.
    template = type(MNI152TEMPLATE)
    if template.data is not None:
        return
    whole = nibabel.load(MNI152_FILE_PATH)
    values = np.asarray(whole.dataobj)
    data = values[::2, ::2, ::2] / values.max()
    template.data = np.ma.masked_array(data, ~binary_fill_holes(data > 0))
    template.vmax = data.max()
    template._shape = data.shape
    template._affine = whole.slicer[::2, ::2, ::2].affine


def plot_map(image, seed, threshold, vmax, title):
    """Draw a map on three slices through the seed, with a cross and a marker on it.

    Parameters
    ----------
    image : nibabel image
        The map of r.
    seed : dict
        With ``x``, ``y``, ``z`` in mm.
    threshold : float
        Smaller |r| is not coloured.
    vmax : float
        |r| at the ends of the colour bar.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
    """
    import matplotlib.pyplot as plt
    from nilearn import plotting

    prepare_template()
    centre = (seed["x"], seed["y"], seed["z"])
    figure = plt.figure(figsize=(8.2, 3.2))
    display = plotting.plot_stat_map(
        image,
        threshold=threshold,
        vmax=vmax,
        cut_coords=centre,
        cmap="cold_hot",
        symmetric_cbar=True,
        draw_cross=True,
        title=None,
        figure=figure,
        axes=(0.01, 0.02, 0.97, 0.84),
    )
    display.add_markers(marker_coords=[centre], marker_color="g", marker_size=300)
    figure.suptitle(title, x=0.015, y=0.97, ha="left", fontsize=12)
    return figure


def map_title(seed, run_labels):
    """Title of a map: the seed, and the run it belongs to."""
    run = ", ".join(f"{entity} {label}" for entity, label in run_labels.items() if entity != "space")
    return f"Seed-to-voxel correlation ({seed['label']} seed) – {run}"
