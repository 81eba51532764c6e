"""One run: this project's three steps beside nilearn's maskers, up to r."""

import os
import shutil

from measuring import Bench


def steps(bench: Bench, stem: str, n_seeds: int, confounds: bool, folder: str) -> dict:
    """Run the three rules' scripts in turn, each as its own process: times add up, the highest peak counts."""
    given = {
        "extract_seeds": {"stem": stem, "n_seeds": n_seeds, "confounds": confounds, "folder": folder},
        "extract_voxels": {"stem": stem, "folder": folder},
        "correlate": {"n_seeds": n_seeds, "folder": folder},
    }
    parts = {step: bench.way(step, 1, **arguments) for step, arguments in given.items()}
    values = {key: sum(part[key] for part in parts.values()) for key in ("wall", "cpu", "work_cpu", "work_wall")}
    return {**values, "peak": max(part["peak"] for part in parts.values()), "parts": parts}


def _nilearn(bench, stem, n_seeds, confounds, best, r, dtype=None):
    arguments = {"stem": stem, "n_seeds": n_seeds, "confounds": confounds, "best": best, "dtype": dtype, "r": r}
    return bench.way("nilearn_way", 1, **arguments)


def case_of(size: str, dtype: str, n_seeds: int) -> str:
    """Name of a measurement of the ways on one run."""
    return f"{size} {dtype}, {n_seeds} seed{'s' * (n_seeds > 1)}"


def compare_steps(
    bench: Bench, size: str, dtype: str, n_seeds: int, ways: tuple[str, ...], repetitions: int, seeds: list[int]
) -> None:
    """Time the ways in turn on one run, with its 15 confounds.

    Parameters
    ----------
    bench : Bench
    size : str
        Of `measuring.SIZES`.
    dtype : str
        Of the file's values.
    n_seeds : int
    ways : tuple of str
        Beside this project's steps: nilearn, nilearn_best, floor_of_libraries, floor_of_parts.
    repetitions : int
        Rounds.
    seeds : list of int
        All numbers of seeds that the data are made for.
    """
    stem = bench.data(size, dtype, seeds)
    case = case_of(size, dtype, n_seeds)
    folder = str(bench.folder / "steps")
    theirs = str(bench.folder / "r.npz")
    for repetition in range(repetitions):
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        # First, since the floors and the differences use what it leaves.
        bench.keep(case, "steps", repetition, steps(bench, stem, n_seeds, True, folder))
        for way in ways:
            if way.startswith("floor"):
                bench.keep(case, way, repetition, bench.way(way, 1, stem=stem, folder=folder))
                continue
            values = _nilearn(bench, stem, n_seeds, True, way == "nilearn_best", theirs)
            values |= bench.way("largest_difference", theirs=theirs, n_seeds=n_seeds, folder=folder)["difference"]
            bench.keep(case, way, repetition, values)


def compare_r(bench: Bench, size: str, dtype: str, n_seeds: int, confounds: bool, seeds: list[int]) -> None:
    """Largest difference in r from nilearn, given the file as it is and the same values as float."""
    stem = bench.data(size, dtype, seeds)
    folder, theirs = str(bench.folder / "steps"), str(bench.folder / "r.npz")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    steps(bench, stem, n_seeds, confounds, folder)
    case = f"{size} {dtype}, {'15 confounds' if confounds else 'no confounds'}"
    for given in (None, "float32") if dtype == "int16" else (None,):
        _nilearn(bench, stem, n_seeds, confounds, True, theirs, given)
        found = bench.way("largest_difference", theirs=theirs, n_seeds=n_seeds, folder=folder)["difference"]
        bench.keep_difference(case, f"nilearn reads it {'as float' if given else 'as it is'}", found)
