"""Permutation inference beside nilearn's `permuted_ols`: the same data, one thread each.

uv run python benchmarks/permutations.py                    everything (about ten minutes)
uv run python benchmarks/permutations.py --quick            a tenth of the permutations (about two minutes)

50 subjects, 200,000 voxels of a 2 mm grid, smooth to 6 mm; a tested variable, two confounds and the mean. Each way is a
process of its own, in turn, and compared round by round; processor time is that of the call, without imports. Both give
the statistic and the family-wise p of every voxel; TFCE is over 6 neighbours, as nilearn has it, and over 26.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
from aims import markdown, spread
from measuring import Bench, machine

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

BRAIN = np.array((91, 109, 91)), 200_000
"""Shape of a 2 mm grid, and voxels of a brain in it."""

AIMS = {"largest t": 20, "TFCE": 4}
"""Least ratio of nilearn's processor time to ours."""


def make_data(folder: Path, n_subjects: int, n_voxels: int) -> None:
    """Smooth noise on the voxels nearest to a grid's middle."""
    import scipy.ndimage

    draw = np.random.default_rng(0)
    shape = tuple(np.ceil(BRAIN[0] * (n_voxels / BRAIN[1]) ** (1 / 3)).astype(int).tolist())
    distance = sum(((np.indices(shape)[axis] - (size - 1) / 2) / size) ** 2 for axis, size in enumerate(shape))
    mask = distance <= np.partition(distance.ravel(), n_voxels - 1)[n_voxels - 1]
    # Voxels of one distance lie on both sides of the cut.
    mask.ravel()[np.flatnonzero(mask)[n_voxels:]] = False
    data = np.empty((n_subjects, n_voxels), dtype=np.float32)
    for row in data:
        row[:] = scipy.ndimage.gaussian_filter(draw.standard_normal(shape, dtype=np.float32), 6 / 2 / 2.3548)[mask]
    np.savez(folder / "data.npz", mask=mask, data=data / data.std(), columns=draw.standard_normal((n_subjects, 3)))


def read(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mask, data and regressors."""
    with np.load(folder / "data.npz") as arrays:
        return arrays["mask"], arrays["data"], arrays["columns"]


def ours(folder: Path, permutations: int, tfce: bool, neighbours: int) -> dict[str, float]:
    """What this project does."""
    # The fit imports these when it needs them.
    from scipy import interpolate, optimize  # noqa: F401

    from seed_to_voxel.groups import clusters, inference, models

    mask, data, columns = read(folder)
    start = time.process_time()
    grid = clusters.Grid(mask, neighbours)
    design = np.column_stack([columns, np.ones(len(columns))])
    model = models.model_of(design, {"tested": [1, 0, 0, 0]}, n=permutations + 1, seed=0)
    settings = models.Settings(("voxel", "tfce") if tfce else ("voxel",))
    null = inference.combine([inference.maxima_of_part({"seed": data}, model, grid, settings=settings)])
    found = inference.infer(data, model, "tested", "seed", null, grid, settings)
    taken = time.process_time() - start
    np.save(folder / "ours.npy", found.fit.statistic)
    return {"work_cpu": taken}


def nilearns(folder: Path, permutations: int, tfce: bool, neighbours: int) -> dict[str, float]:
    """`permuted_ols`."""
    import nibabel
    from nilearn.maskers import NiftiMasker
    from nilearn.mass_univariate import permuted_ols

    mask, data, columns = read(folder)
    masker = NiftiMasker(nibabel.Nifti1Image(mask.astype(np.uint8), np.diag([2, 2, 2, 1]))).fit()
    start = time.process_time()
    found = permuted_ols(
        columns[:, :1],
        data,
        confounding_vars=columns[:, 1:],
        n_perm=permutations,
        n_jobs=1,
        random_state=0,
        tfce=tfce,
        masker=masker if tfce else None,
        output_type="dict",
    )
    taken = time.process_time() - start
    np.save(folder / "nilearns.npy", found["t"][0])
    return {"work_cpu": taken}


WAYS = {"ours": ours, "nilearns": nilearns}
NAMES = {"ours": "this project", "nilearns": "nilearn `permuted_ols`"}


def measure(bench: Bench, options: argparse.Namespace) -> list[str]:
    """Run both ways in turn; lines of the tables."""
    cases = [
        ("largest t", options.permutations, False, 6),
        ("TFCE", options.tfce_permutations, True, 6),
        ("TFCE", options.tfce_permutations, True, 26),
    ]
    rows, reached = [], []
    for name, permutations, tfce, neighbours in cases:
        case = f"{name}, {permutations} permutations" + (f", {neighbours} neighbours" if tfce else "")
        # nilearn has six neighbours alone.
        ways = [way for way in ("nilearns", "ours") if way == "ours" or neighbours == 6]
        for repetition in range(options.repetitions):
            for way in ways:
                arguments = json.dumps([way, str(bench.folder), permutations, tfce, neighbours])
                measured = bench.process([sys.executable, __file__, "--way", arguments], threads=1)
                bench.keep(case, way, repetition, measured)
        for way in ways:
            times, peaks = bench.values(case, way, "work_cpu"), bench.values(case, way, "peak")
            rows.append([case, NAMES[way], spread(times), spread(peaks, ".0f")])
        if len(ways) > 1:
            difference = np.abs(np.load(bench.folder / "ours.npy") - np.load(bench.folder / "nilearns.npy")).max()
            ratios = bench.ratios(case, "nilearns", "ours", "work_cpu")
            good = "yes" if np.median(ratios) >= AIMS[name] else "no"
            reached.append([case, f"at least {AIMS[name]}", spread(ratios, ".1f"), good, f"{difference:.1e}"])
    return [
        *markdown(["", "aim", "nilearn / this project, processor time", "reached", "largest difference in t"], reached),
        "",
        *markdown(["", "way", "processor, s", "peak, MB"], rows),
    ]


def main() -> None:
    """Read the options, measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="100 permutations, 3 with TFCE, one round")
    parser.add_argument("--subjects", type=int, default=50)
    parser.add_argument("--voxels", type=int, default=200_000)
    parser.add_argument("--permutations", type=int, default=1000)
    parser.add_argument("--tfce-permutations", type=int, default=20)
    parser.add_argument("--repetitions", type=int, default=3, help="rounds")
    parser.add_argument("--folder", type=Path, default=ROOT / "results" / "permutations", help="for the data")
    parser.add_argument("--way", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        way, folder, *arguments = json.loads(options.way)
        print(json.dumps(WAYS[way](Path(folder), *arguments)))
        return
    if options.quick:
        options.permutations, options.tfce_permutations, options.repetitions = 100, 3, 1
    options.folder.mkdir(parents=True, exist_ok=True)
    make_data(options.folder, options.subjects, options.voxels)
    lines = measure(Bench(options.folder.resolve()), options)
    print("\n".join([", ".join(f"{name} {value}" for name, value in machine().items()), "", *lines]))


if __name__ == "__main__":
    main()
