"""The ways that are compared, each run as a process of its own: `python ways.py WAY ARGUMENTS`.

The last line that a way prints is a JSON object: its processor and wall time with the imports left out.
`compare_nilearn.py` measures the process from outside, imports included.
"""

import json
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

T_R = 2.0
FWHM = 6
RADIUS = 8
BAND = {"detrend": True, "high_pass": 0.01, "low_pass": 0.1}
NOTHING_ELSE = {
    "filter": "butterworth",
    "dummy_scans": 0,
    "scrubbing": {"fd_threshold": None, "std_dvars_threshold": None, "min_segment": 5, "max_gap": 5},
    "seed_smoothing_fwhm": None,
    "seeds_in_mask": True,
    "min_seed_coverage": 0.5,
    "undefined_volumes": "refuse",
}
CONFOUNDS = [
    *("trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z", "framewise_displacement"),
    *(f"a_comp_cor_0{number}" for number in range(6)),
    *("csf", "white_matter"),
]


class Clock:
    """Processor and wall time of what is done inside the context."""

    def __enter__(self):
        self.start = time.process_time(), time.perf_counter()
        return self

    def __exit__(self, *error):
        self.cpu, self.wall = time.process_time() - self.start[0], time.perf_counter() - self.start[1]

    def report(self):
        """Print the times for the measuring process."""
        print(json.dumps({"work_cpu": self.cpu, "work_wall": self.wall}))


def seed_table(n_seeds):
    """Posterior cingulate cortex first, then nodes of Dosenbach et al. 2010, as a run of the workflow has them."""
    from nilearn.datasets import fetch_coords_dosenbach_2010

    centres = [(0.0, -52.0, 18.0)]
    if n_seeds > 1:
        rois = fetch_coords_dosenbach_2010().rois
        centres += [tuple(map(float, centre)) for centre in zip(rois["x"], rois["y"], rois["z"], strict=True)]
    return [
        {"label": f"S{number:02d}", "name": f"Seed {number}", "x": x, "y": y, "z": z, "radius_mm": float(RADIUS)}
        for number, (x, y, z) in enumerate(centres[:n_seeds])
    ]


def make_data(stem, voxel_size, volumes, dtype, seeds):
    """Simulate a run, its 15 confounds and the tables of seeds."""
    import numpy as np
    import pandas
    from nibabel import Nifti1Image

    from seed_to_voxel.inputs import simulation

    run = simulation.simulate_run(0, seed=0, voxel_size=voxel_size, n_volumes=volumes, t_r=T_R)
    bold = run.bold
    if dtype == "float32":
        # Values that an integer cannot hold, as preprocessing leaves them.
        bold = Nifti1Image(np.asarray(bold.dataobj, dtype=np.float32) * np.float32(1.2345), bold.affine, bold.header)
        bold.set_data_dtype(np.float32)
    bold.to_filename(f"{stem}_bold.nii.gz")
    table = pandas.DataFrame(run.confounds)[CONFOUNDS].bfill()
    table.to_csv(f"{stem}_confounds.tsv", sep="\t", index=False, float_format="%.9g")
    for number in seeds:
        Path(f"{stem}_seeds{number}.json").write_text(json.dumps(seed_table(number)))
    print(json.dumps({"shape": bold.shape}))


def nilearn_way(stem, n_seeds, confounds, best, dtype, r):
    """Nilearn's gallery example up to the correlation, as published or at its best."""
    import numpy as np
    import pandas
    from nilearn.maskers import NiftiMasker, NiftiSpheresMasker

    seeds = json.loads(Path(f"{stem}_seeds{n_seeds}.json").read_text())
    options = {**BAND, "t_r": T_R, "standardize": "zscore_sample", "standardize_confounds": True, "dtype": dtype}
    if best:
        options["clean_args"] = {"butterworth__copy": True}
    with Clock() as clock:
        table = [pandas.read_csv(f"{stem}_confounds.tsv", sep="\t")] if confounds else None
        centres = [(seed["x"], seed["y"], seed["z"]) for seed in seeds]
        seed_masker = NiftiSpheresMasker(centres, radius=RADIUS, allow_overlap=True, **options)
        seed_series = seed_masker.fit_transform(f"{stem}_bold.nii.gz", confounds=table)
        brain_masker = NiftiMasker(smoothing_fwhm=FWHM, **options)
        brain_series = brain_masker.fit_transform(f"{stem}_bold.nii.gz", confounds=table)
        # Standardised by the sample deviation, so that the product over T - 1 is r.
        correlations = np.dot(brain_series.T, seed_series) / (len(seed_series) - 1)
    clock.report()
    if r:
        mask = np.asarray(brain_masker.mask_img_.dataobj) != 0
        filled = np.zeros((n_seeds, *mask.shape))
        filled[:, mask] = correlations.T
        np.savez(r, r=filled, mask=mask)


def _maps(folder, stat, n_seeds, ending):
    return [f"{folder}/{seed:02d}_{stat}.{ending}" for seed in range(n_seeds)]


def extract_seeds(stem, n_seeds, confounds, folder):
    """What the rule extract_seeds runs."""
    import extract_seeds as script

    seeds = json.loads(Path(f"{stem}_seeds{n_seeds}.json").read_text())
    names = {
        "series": "seeds.tsv",
        "operator": "operator.npy",
        "mask": "mask.nii.gz",
        "mask_sidecar": "mask.json",
        "mean": "mean.nii.gz",
        "sidecar": "seeds.json",
        "motion": "motion.tsv",
        "raw_series": "raw_seeds.tsv",
        "voxels": "seed_voxels.tsv",
    }
    with Clock() as clock:
        script.main(
            bold=f"{stem}_bold.nii.gz",
            seeds=seeds,
            options={**NOTHING_ELSE, **BAND, "confounds": CONFOUNDS if confounds else []},
            t_r=T_R,
            datasets={},
            space="MNI",
            outputs={key: f"{folder}/{name}" for key, name in names.items()},
            confounds=f"{stem}_confounds.tsv" if confounds else None,
        )
    clock.report()


def extract_voxels(stem, folder):
    """What the rule extract_voxels runs."""
    import extract_voxels as script

    names = {
        "series": "voxels.npy",
        "sidecar": "voxels.json",
        "examples": "examples.tsv",
        "metrics": "metrics.json",
        "carpet": "carpet.npy",
    }
    with Clock() as clock:
        script.main(
            bold=f"{stem}_bold.nii.gz",
            mask=f"{folder}/mask.nii.gz",
            operator=f"{folder}/operator.npy",
            seed_sidecar=f"{folder}/seeds.json",
            motion=f"{folder}/motion.tsv",
            smoothing_fwhm=FWHM,
            wanted=[10, 45, 100, 5000, 10000],
            labels={},
            outputs={key: f"{folder}/{name}" for key, name in names.items()},
        )
    clock.report()


def correlate(n_seeds, folder):
    """What the rule correlate runs."""
    import correlate as script

    stats = {"": "r", "z_": "z", "p_": "p", "nu_": "nu"}
    kinds = (("maps", "nii.gz"), ("sidecars", "json"))
    with Clock() as clock:
        script.main(
            inputs={
                "seeds": f"{folder}/seeds.tsv",
                "seeds_sidecar": f"{folder}/seeds.json",
                "voxels": f"{folder}/voxels.npy",
                "voxels_sidecar": f"{folder}/voxels.json",
                "mask": f"{folder}/mask.nii.gz",
                "seed_voxels": f"{folder}/seed_voxels.tsv",
                "operator": f"{folder}/operator.npy",
                "motion": f"{folder}/motion.tsv",
                "raw_seeds": f"{folder}/raw_seeds.tsv",
            },
            options={"fdr": "benjamini_hochberg", "level": 0.05, "bursts": False, "null_seeds": 300},
            datasets={},
            maps={
                f"{name}{what}": _maps(folder, stat, n_seeds, ending)
                for name, stat in stats.items()
                for what, ending in kinds
            },
            related=[f"{folder}/relations{number}" for number in range(6)],
            metrics=f"{folder}/statistics.json",
        )
    clock.report()


def floor_of_libraries(stem, folder):
    """Only reading the run, smoothing it and one matrix product, by nibabel, scipy and numpy, volume by volume."""
    import nibabel
    import numpy as np
    from scipy.ndimage import gaussian_filter
    from threadpoolctl import threadpool_limits

    from seed_to_voxel.images import smoothing

    mask = np.asarray(nibabel.load(f"{folder}/mask.nii.gz").dataobj) != 0
    operator = np.load(f"{folder}/operator.npy").astype(np.float32)
    with Clock() as clock, threadpool_limits(1):
        image = nibabel.load(f"{stem}_bold.nii.gz", keep_file_open=True)
        sigma = smoothing.gaussian_sigma(FWHM, image.affine)
        series = np.empty((image.shape[3], int(mask.sum())), dtype=np.float32)
        for t in range(image.shape[3]):
            volume = np.asarray(image.dataobj[..., t], dtype=np.float32)
            series[t] = gaussian_filter(volume, sigma)[mask]
        operator @ series
    clock.report()


def floor_of_parts(stem, folder):
    """The same three things by this project's own parts: what no reordering of its steps can get below."""
    import numpy as np
    from threadpoolctl import threadpool_limits

    from seed_to_voxel.images import nifti, smoothing

    operator = np.load(f"{folder}/operator.npy").astype(np.float32)
    with Clock() as clock, threadpool_limits(1):
        image = nifti.load_run(f"{stem}_bold.nii.gz")
        mask = nifti.load_mask(f"{folder}/mask.nii.gz", image)
        smooth = smoothing.WindowedSmoothing(mask, FWHM, image.affine)
        series = np.empty((image.shape[3], int(mask.sum())), dtype=np.float32)
        for t, volume in enumerate(nifti.volumes(image)):
            series[t] = smooth(volume)
        operator @ series
    clock.report()


def _difference(pairs, mask, other_mask):
    """Largest difference of maps where both masks are, and how many voxels only one of the masks has."""
    import numpy as np

    both = mask & other_mask
    largest = max(float(np.abs(r[both] - other[both]).max()) for r, other in pairs)
    found = {"largest": largest, "only_one": int((mask ^ other_mask).sum()), "n_voxels": int(mask.sum())}
    print(json.dumps({"difference": found}))


def largest_difference(theirs, n_seeds, folder):
    """Difference of the steps' maps from nilearn's, over all seeds."""
    import nibabel
    import numpy as np

    kept = np.load(theirs)
    mask = np.asarray(nibabel.load(f"{folder}/mask.nii.gz").dataobj) != 0
    ours = [np.asarray(nibabel.load(path).dataobj, dtype=np.float64) for path in _maps(folder, "r", n_seeds, "nii.gz")]
    _difference(zip(ours, kept["r"], strict=True), mask, kept["mask"])


def difference_of_maps(ours, theirs):
    """Difference of two maps as files, 0 outside of their masks."""
    import nibabel
    import numpy as np

    r, other = (np.asarray(nibabel.load(path).dataobj, dtype=np.float64) for path in (ours, theirs))
    _difference([(r, other)], r != 0, other != 0)


WAYS = (
    *(make_data, nilearn_way, extract_seeds, extract_voxels, correlate),
    *(floor_of_libraries, floor_of_parts, largest_difference, difference_of_maps),
)

if __name__ == "__main__":
    {way.__name__: way for way in WAYS}[sys.argv[1]](**json.loads(sys.argv[2]))
