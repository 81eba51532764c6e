"""nilearn's example "Producing single subject maps of seed-to-voxel correlation", whole: `BOLD CONFOUNDS FOLDER`.

The same calls with the same arguments, the data given instead of fetched, the standardisation named as nilearn
asks for it, and the figures saved as the example's page shows them.
"""

import sys

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from nilearn import plotting
from nilearn.maskers import NiftiMasker, NiftiSpheresMasker

func_filename, confound_filename, folder = sys.argv[1:]
pcc_coords = [(0, -52, 18)]
options = {"detrend": True, "standardize": "zscore_sample", "standardize_confounds": True}
options |= {"low_pass": 0.1, "high_pass": 0.01, "t_r": 2}

seed_masker = NiftiSpheresMasker(pcc_coords, radius=8, **options)
seed_time_series = seed_masker.fit_transform(func_filename, confounds=[confound_filename])
brain_masker = NiftiMasker(smoothing_fwhm=6, **options)
brain_time_series = brain_masker.fit_transform(func_filename, confounds=[confound_filename])

# A coarse run for a try has fewer voxels.
examples = [voxel for voxel in (10, 45, 100, 5000, 10000) if voxel < brain_time_series.shape[1]]
for name, series, title in (
    ("seed", seed_time_series, "Seed time series (Posterior cingulate cortex)"),
    ("voxels", brain_time_series[:, examples], "Time series from 5 random voxels"),
):
    figure, axes = plt.subplots(constrained_layout=True)
    axes.plot(series)
    axes.set(title=title, xlabel="Scan number", ylabel="Normalized signal")
    figure.savefig(f"{folder}/{name}.png")

correlations = np.dot(brain_time_series.T, seed_time_series) / (seed_time_series.shape[0] - 1)
correlations_img = brain_masker.inverse_transform(correlations.T)
display = plotting.plot_stat_map(
    correlations_img, threshold=0.5, vmax=1, cut_coords=pcc_coords[0], title="Seed-to-voxel correlation (PCC seed)"
)
display.add_markers(marker_coords=pcc_coords, marker_color="g", marker_size=300)
display.savefig(f"{folder}/pcc_seed_correlation.pdf")
fisher_z_img = brain_masker.inverse_transform(np.arctanh(correlations).T)
fisher_z_img.to_filename(f"{folder}/pcc_seed_correlation_z.nii.gz")
