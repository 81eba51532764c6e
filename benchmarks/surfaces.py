"""Speed and memory on the cortical surface beside nilearn's own way, measured on this machine.

uv run python benchmarks/surfaces.py            fsaverage6, 300 volumes, beside nilearn; then a run of HCP's size
uv run python benchmarks/surfaces.py --quick    fsaverage5, 100 volumes, beside nilearn alone
uv run python benchmarks/surfaces.py --mesh     what docs/surfaces.md says of the mesh of fsaverage5, and nothing else

The runs are noise with a planted signal on meshes that are made from fsaverage5 by dividing each triangle in four,
which gives as many vertices as fsaverage6 has. nilearn's way is SurfaceLabelsMasker and SurfaceMasker, detrended and
filtered, then r, saved as GIFTI: in one process that reads the run once, as it is without being asked for anything,
and at its best. This project's are its three steps as the rules call them, each a process of its own with its imports,
two of which read the run; they make maps of z, p and degrees of freedom besides. All get one thread. Nothing is
smoothed, as nilearn smooths no surfaces. A run of HCP's size is a dense series of 91,282 places and 1,200 volumes.
"""

import argparse
import importlib
import json
import sys
import time
from pathlib import Path

import nibabel
import numpy as np
from measuring import Bench, machine
from nibabel.cifti2 import BrainModelAxis, Cifti2Image, SeriesAxis

ROOT = Path(__file__).resolve().parents[1]
SIDES = {"L": "left", "R": "right"}
T_R, BAND = 0.72, {"high_pass": 0.01, "low_pass": 0.1}
NOTHING_ELSE = {
    "detrend": True,
    "filter": "butterworth",
    **BAND,
    "confounds": [],
    "dummy_scans": 0,
    "scrubbing": {"fd_threshold": None, "std_dvars_threshold": None, "min_segment": 5, "max_gap": 5},
    "seed_smoothing_fwhm": None,
    "seeds_in_mask": True,
    "min_seed_coverage": 0.5,
    "undefined_volumes": "refuse",
}
SIZES = {"fsaverage5": (0, 100), "fsaverage6": (1, 300), "hcp": (1, 1200)}
"""How often triangles are divided, and how many volumes there are."""


def project():
    """Let the project's scripts and package be imported."""
    sys.path.insert(0, str(ROOT / "workflow" / "scripts"))


def divided(points, triangles):
    """A mesh with each triangle divided in four."""
    edges = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1)
    edges, number = np.unique(edges, axis=0, return_inverse=True)
    a, b, c = len(points) + number.reshape(3, -1)
    one, two, three = triangles.T
    parts = [(one, a, c), (a, two, b), (c, b, three), (a, b, c)]
    return np.concatenate([points, points[edges].mean(axis=1)]), np.concatenate([np.column_stack(p) for p in parts])


def make(folder, size):
    """Write meshes and a run."""
    project()
    from seed_to_voxel.images import meshes

    times, volumes = SIZES[size]
    folder, rng = Path(folder), np.random.default_rng(1)
    for hemisphere, mesh in meshes.template("fsaverage5", {"left": None, "right": None}).items():
        points, triangles = mesh.coordinates, mesh.triangles
        for _ in range(times):
            points, triangles = divided(points, triangles)
        arrays = [
            nibabel.gifti.GiftiDataArray(points.astype(np.float32), intent="NIFTI_INTENT_POINTSET"),
            nibabel.gifti.GiftiDataArray(triangles.astype(np.int32), intent="NIFTI_INTENT_TRIANGLE"),
        ]
        nibabel.save(nibabel.GiftiImage(darrays=arrays), folder / f"{hemisphere}.surf.gii")
    n = len(points)
    signal = 20 * rng.standard_normal((volumes, 1))
    if size == "hcp":
        box = (91, 109, 91)
        voxels = np.stack(np.unravel_index(rng.choice(np.prod(box), 31870, replace=False), box), axis=1)
        parts = [BrainModelAxis.from_surface(np.arange(29706), n, f"Cortex{side}") for side in ("Left", "Right")]
        affine = np.diag([2.0, 2, 2, 1])
        axis = parts[0] + parts[1]
        axis += BrainModelAxis("CIFTI_STRUCTURE_OTHER", voxel=voxels, affine=affine, volume_shape=box)
        data = np.empty((volumes, len(axis)), dtype=np.float32)
        for t in range(volumes):
            data[t] = 1000 + 10 * rng.standard_normal(len(axis))
        data[:, :4000] += signal.astype(np.float32)
        image = Cifti2Image(data, (SeriesAxis(0, T_R, volumes), axis))
        image.nifti_header.set_intent("ConnDenseSeries")
        nibabel.save(image, folder / "bold.dtseries.nii")
        return
    for hemisphere in SIDES:
        data = (1000 + 10 * rng.standard_normal((volumes, n))).astype(np.float32)
        data[:, :2000] += signal.astype(np.float32)
        arrays = [nibabel.gifti.GiftiDataArray(row, datatype="NIFTI_TYPE_FLOAT32") for row in data]
        nibabel.save(nibabel.GiftiImage(darrays=arrays), folder / f"{hemisphere}.func.gii")
    label = nibabel.gifti.GiftiDataArray((np.arange(n) < 100).astype(np.int32), datatype="NIFTI_TYPE_INT32")
    meta = nibabel.gifti.GiftiMetaData({"AnatomicalStructurePrimary": "CortexLeft"})
    nibabel.save(nibabel.GiftiImage(darrays=[label], meta=meta), folder / "L.label.gii")


def nilearn(folder, **more):
    """Maps by nilearn's maskers, which get one image that is read once."""
    from nilearn.maskers import SurfaceLabelsMasker, SurfaceMasker
    from nilearn.surface import PolyMesh, SurfaceImage

    folder = Path(folder)
    mesh = PolyMesh(**{side: folder / f"{h}.surf.gii" for h, side in SIDES.items()})
    run = SurfaceImage(mesh, {side: folder / f"{h}.func.gii" for h, side in SIDES.items()})
    own = nibabel.load(folder / "L.label.gii").darrays[0].data
    labels = SurfaceImage(mesh, {"left": own, "right": np.zeros_like(own)})
    options = {"detrend": True, **BAND, "t_r": T_R, "standardize": "zscore_sample", **more}
    seed = SurfaceLabelsMasker(labels, **options).fit_transform(run)
    masker = SurfaceMasker(**options)
    series = masker.fit_transform(run)
    r = seed[:, 0] @ series / (len(series) - 1)
    masker.inverse_transform(r.astype(np.float32)).data.to_filename(folder / "nilearn.gii")


def nilearn_best(folder):
    """The same without reports, and with all vertices filtered at once and not one by one."""
    nilearn(folder, reports=False, clean_args={"butterworth__copy": True})


def surfaces(folder):
    """The config's ``surfaces``."""
    meshes = {side: f"{folder}/{h}.surf.gii" for h, side in SIDES.items()}
    return {**meshes, "space": "fsaverage6", "area_weights": False, "max_distance": 8}


def files(folder):
    """The run, and where its mask and mean go."""
    if Path(folder, "bold.dtseries.nii").is_file():
        return [f"{folder}/bold.dtseries.nii"], f"{folder}/{{}}.dscalar.nii"
    return [f"{folder}/{h}.func.gii" for h in SIDES], f"{folder}/{{}}.func.gii"


def image(folder, name):
    """The files of an image of ours."""
    _, pattern = files(folder)
    return [pattern.format(name)] if pattern.endswith(".nii") else [pattern.format(f"{name}_{h}") for h in SIDES]


def extract_seeds(folder):
    """What the rule extract_seeds runs."""
    project()
    import extract_seeds as script

    bold, _ = files(folder)
    seed = {"label": "S", "name": "S", "kind": "atlas", "file": f"{folder}/L.label.gii", "labels": [1]}
    if len(bold) == 1:
        seed = {"label": "S", "name": "S", "kind": "surface", "vertex": 50, "hemisphere": "L", "radius_mm": 6.0}
    names = {"series": "tsv", "operator": "npy", "mask_sidecar": "json", "sidecar": "json", "motion": "tsv"}
    names |= {"raw_series": "tsv", "voxels": "tsv", "coordinates": "npy"}
    outputs = {name: f"{folder}/{name}.{ending}" for name, ending in names.items()}
    outputs |= {name: image(folder, name) for name in ("mask", "mean")}
    right = bold[1] if len(bold) == 2 else None
    common = {"t_r": T_R, "datasets": {}, "space": "fsaverage6", "surfaces": surfaces(folder)}
    script.main(bold=bold[0], bold_right=right, seeds=[seed], options=NOTHING_ELSE, outputs=outputs, **common)


def extract_voxels(folder, fwhm=None):
    """What the rule extract_voxels runs."""
    project()
    import extract_voxels as script

    endings = {"series": "npy", "sidecar": "json", "examples": "tsv", "metrics": "json", "carpet": "npy"}
    script.main(
        bold=files(folder)[0],
        mask=image(folder, "mask"),
        operator=f"{folder}/operator.npy",
        seed_sidecar=f"{folder}/sidecar.json",
        motion=f"{folder}/motion.tsv",
        smoothing_fwhm=fwhm,
        wanted=[10],
        labels={},
        outputs={name: f"{folder}/places_{name}.{ending}" for name, ending in endings.items()},
        surfaces=surfaces(folder),
    )


def correlate(folder):
    """What the rule correlate runs."""
    project()
    import correlate as script

    kinds = {f"{stat}{kind}": stat + kind for stat in ("", "z_", "p_", "nu_") for kind in ("maps", "sidecars")}
    script.main(
        inputs={
            "seeds": f"{folder}/series.tsv",
            "seeds_sidecar": f"{folder}/sidecar.json",
            "voxels": f"{folder}/places_series.npy",
            "voxels_sidecar": f"{folder}/places_sidecar.json",
            "mask": image(folder, "mask"),
            "seed_voxels": f"{folder}/voxels.tsv",
            "operator": f"{folder}/operator.npy",
            "motion": f"{folder}/motion.tsv",
            "raw_seeds": f"{folder}/raw_series.tsv",
            "coordinates": f"{folder}/coordinates.npy",
        },
        options={"fdr": "benjamini_hochberg", "level": 0.05, "bursts": False, "null_seeds": 300},
        datasets={},
        maps={name: image(folder, name) if "maps" in name else [f"{folder}/{name}.json"] for name in kinds},
        related=[],
        metrics=f"{folder}/statistics.json",
    )


def starting(folder, step):
    """What a step takes before it does anything."""
    project()
    importlib.import_module(step)


def reading(folder):
    """One pass over the run, of which a step makes one besides its work."""
    project()
    from seed_to_voxel.images import nifti, places

    start = time.process_time()
    for _ in nifti.volumes(places.open_run(files(folder)[0], surfaces(folder))):
        pass
    print(json.dumps({"work_cpu": time.process_time() - start}))


def reading_by_nibabel(folder):
    """The same as nilearn has it done."""
    start = time.process_time()
    for path in files(folder)[0]:
        nibabel.load(path)
    print(json.dumps({"work_cpu": time.process_time() - start}))


def difference(folder):
    """Largest difference in r between nilearn's map and ours."""
    ours, theirs = (
        np.concatenate([np.ravel(nibabel.load(path).darrays[0].data) for path in paths])
        for paths in (image(folder, "maps"), [f"{folder}/nilearn_hemi-{h}.gii" for h in SIDES])
    )
    return float(np.nanmax(np.abs(ours - theirs)))


def about_mesh():
    """How far fsaverage5 is moved to MNI152, the areas of its vertices, and how wide smoothing is in fact."""
    project()
    from seed_to_voxel.images import heat, meshes

    both = list(meshes.template("fsaverage5", {"left": None, "right": None}).values())
    moved = np.concatenate([np.linalg.norm(mesh.mni - mesh.coordinates, axis=1) for mesh in both])
    areas = np.concatenate([mesh.areas for mesh in both])
    yield f"moved to MNI152 by {moved.mean():.1f} mm in the mean, {moved.max():.1f} mm at most"
    first, median, last = np.percentile(areas, (1, 50, 99))
    yield (
        f"areas: {areas.min():.1f} to {areas.max():.1f} mm2, median {median:.1f}, 98 % of them between {first:.1f} "
        f"and {last:.1f}"
    )
    for fwhm in (6, 10):
        surfaces, edges, lengths, before = [], [], [], 0
        for mesh in both:
            places = before + np.arange(mesh.n_vertices)
            # All vertices: there is no edge of a medial wall.
            matrix, n_steps = heat.spreading(mesh, np.ones(mesh.n_vertices, dtype=bool), fwhm)
            surfaces.append((places, matrix, n_steps))
            edges.append(before + mesh.edges)
            lengths.append(np.linalg.norm(np.subtract(*mesh.coordinates[mesh.edges.T]), axis=1))
            before += mesh.n_vertices
        smooth = heat.CorticalSmoothing(np.ones(before, dtype=bool), surfaces, [])
        width = heat.reached_width(smooth, np.concatenate(edges), np.concatenate(lengths))
        yield f"smoothing: {fwhm} mm asked for, {width:.2f} mm reached, without the medial wall's edge"


WAYS = {
    way.__name__: way
    for way in (
        *(make, nilearn, nilearn_best, extract_seeds, extract_voxels, correlate),
        *(starting, reading, reading_by_nibabel),
    )
}
STEPS = ("extract_seeds", "extract_voxels", "correlate")
NILEARN = {"nilearn": "nilearn as it is", "nilearn_best": "nilearn at its best"}


def compare(bench, size, repetitions):
    """A size beside nilearn, round by round."""
    folder = bench.folder / size
    folder.mkdir(parents=True, exist_ok=True)
    run(bench, "make", folder, size)
    for repetition in range(repetitions):
        for way in NILEARN:
            bench.keep(size, way, repetition, run(bench, way, folder))
        ours = [run(bench, step, folder) for step in STEPS]
        for step, taken in zip(STEPS, ours, strict=True):
            bench.keep(size, step, repetition, taken)
        total = {key: sum(step[key] for step in ours) for key in ("wall", "cpu")}
        bench.keep(size, "steps", repetition, {**total, "peak": max(step["peak"] for step in ours)})
    for key, name, unit in (("cpu", "processor time", "s"), ("wall", "time", "s"), ("peak", "memory", "MB")):
        ours = np.median(bench.values(size, "steps", key))
        for way, words in NILEARN.items():
            ratios, theirs = bench.ratios(size, way, "steps", key), np.median(bench.values(size, way, key))
            print(
                f"{size}: {name}: {words} {theirs:.1f} {unit}, the three steps {ours:.1f} {unit}: "
                f"{np.median(ratios):.2f} x ({min(ratios):.2f} to {max(ratios):.2f})"
            )
    print(f"{size}: largest difference in r {difference(folder):.1e}")
    for repetition in range(repetitions):
        started = [run(bench, "starting", folder, step) for step in STEPS]
        bench.keep(size, "starting", repetition, {**started[0], "work_cpu": sum(taken["cpu"] for taken in started)})
        for way in ("reading", "reading_by_nibabel"):
            bench.keep(size, way, repetition, run(bench, way, folder))
    started, read, whole = (
        np.median(bench.values(size, way, "work_cpu")) for way in ("starting", "reading", "reading_by_nibabel")
    )
    print(f"{size}: of it the steps' imports {started:.1f} s, and two passes over the run {read:.2f} s each")
    print(f"{size}: nibabel reads the run in {whole:.2f} s")


def stream(bench):
    """A run of HCP's size by our steps, unsmoothed and smoothed."""
    folder = bench.folder / "hcp"
    folder.mkdir(parents=True, exist_ok=True)
    run(bench, "make", folder, "hcp")
    for step, *more in (("extract_seeds",), ("extract_voxels",), ("extract_voxels", 4.0), ("correlate",)):
        taken = run(bench, step, folder, *more)
        smoothed = f", smoothed with {more[0]:g} mm" if more else ""
        print(f"hcp: {step}{smoothed}: processor {taken['cpu']:.0f} s, peak {taken['peak']:.0f} MB")


def run(bench, way, folder, *arguments):
    """Run a way in a process of its own, with the one thread that the rules give their steps."""
    command = [sys.executable, __file__, "--way", way, json.dumps([str(folder), *arguments])]
    return bench.process(command, threads=1)


def main():
    """Measure what the options ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fsaverage5, 100 volumes, alone")
    parser.add_argument("--mesh", action="store_true", help="what is said of the mesh of fsaverage5, alone")
    parser.add_argument("--repetitions", type=int, default=3, help="rounds (default: 3)")
    parser.add_argument(
        "--folder", type=Path, default=ROOT / "results" / "benchmark_surfaces", help="for data and maps"
    )
    parser.add_argument("--way", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        name, arguments = options.way
        WAYS[name](*json.loads(arguments))
        return
    if options.mesh:
        print(*about_mesh(), sep="\n")
        return
    bench = Bench(options.folder)
    print(json.dumps(machine()))
    compare(bench, "fsaverage5" if options.quick else "fsaverage6", options.repetitions)
    if not options.quick:
        stream(bench)


if __name__ == "__main__":
    main()
