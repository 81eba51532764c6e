from pathlib import Path

import nibabel
import numpy as np
import pytest

from seed_to_voxel.base import tables
from seed_to_voxel.study import resources
from seed_to_voxel.study.bids import Run

COLUMNS = ("voxel_size", "volumes", "seeds", "step", "script_mb", "seconds")

MEASURED = [row for _, row in tables.read(Path(__file__).with_name("measured_resources.tsv"), COLUMNS)]
"""What benchmarks/measure_resources.py found, a step of a run of some size a row."""

BIG = {"kind": "table", "table": {"runs": "runs.tsv"}}


def save(path, data):
    nibabel.save(nibabel.Nifti1Image(data, np.eye(4)), path)
    return str(path)


def run_of(tmp_path, shape, brain, name="01"):
    data = np.zeros(shape[:3], dtype=np.uint8)
    data.flat[:brain] = 1
    return Run(
        subject=name,
        task="rest",
        space="MNI",
        bold=save(tmp_path / f"{name}_bold.nii.gz", np.zeros(shape, dtype=np.int16)),
        mask=save(tmp_path / f"{name}_mask.nii.gz", data),
    )


def test_sizes_of_a_table(tmp_path):
    sizes = resources.Sizes(BIG)
    assert sizes.of(run_of(tmp_path, (10, 10, 10, 40), 250)) == resources.Size(1000, 40, 250)
    # One mask a grid is read.
    assert sizes.of(run_of(tmp_path, (10, 10, 10, 50), 300, "02")) == resources.Size(1000, 50, 250)
    assert sizes.of(run_of(tmp_path, (10, 10, 20, 50), 300, "03")) == resources.Size(2000, 50, 300)


def test_unreadable_run_is_left_to_its_job(tmp_path):
    bold = tmp_path / "bold.nii.gz"
    bold.write_bytes(b"no image")
    run = Run(subject="01", task="rest", space="MNI", bold=str(bold))
    assert resources.Sizes(BIG).of(run) == resources.DEVELOPMENT_FMRI


def test_simulated_size_is_the_simulation_s():
    from seed_to_voxel.inputs import simulated_brain

    for edge in (2, 3, 4, 6.5, 8, 12):
        shape, _ = simulated_brain.mni_grid(edge)
        assert resources.simulated_size({"voxel_size": edge, "volumes": 50}).grid == np.prod(shape)


@pytest.mark.parametrize("row", MEASURED, ids=lambda row: "-".join(row[name] for name in COLUMNS[:4]))
def test_what_was_measured_is_asked_for_and_not_much_more(row):
    step, n_seeds = row["step"], int(row["seeds"])
    peak, seconds = float(row["script_mb"]), float(row["seconds"])
    size = resources.simulated_size({"voxel_size": float(row["voxel_size"]), "volumes": int(row["volumes"])})
    # Those measured are spheres; a seed from an image on another grid imports nilearn and takes 170 MB.
    least = 0.45 if step == "extract_seeds" else 0.75
    assert least < peak / resources.script_mb(step, size, n_seeds) < 1.2
    assert 0.7 < (resources.SNAKEMAKE_MB + peak) / resources.memory_mb(step, size, n_seeds) < 0.85
    # The machine that this was measured on was busy with other things.
    assert seconds < 0.5 * 60 * resources.runtime_minutes(step, size, n_seeds)


@pytest.mark.parametrize(("vertices", "series_mb", "peak"), [(20_484, 5, 246), (81_924, 20, 333), (327_684, 78, 722)])
def test_an_explorer_of_the_cortex_is_given_what_its_meshes_take(vertices, series_mb, peak):
    # Meshes of fsaverage5, 6 and 7 and 60 volumes of noise, measured apart from a workflow; the larger two thinned out.
    size = resources.Size(vertices, 60, round(0.95 * vertices), held=True)
    assert size.series_mb == pytest.approx(series_mb, abs=8)
    assert 0.75 < peak / resources.script_mb("explore_run", size, 1) < 1.2


def test_every_step_was_measured_small_and_large_with_one_seed_and_with_several():
    for step in resources.COSTS:
        own = [row for row in MEASURED if row["step"] == step]
        assert len({row["voxel_size"] for row in own}) >= 4
        assert {row["seeds"] for row in own} == {"1", "10"}


@pytest.mark.parametrize("rule", resources.COSTS)
def test_more_for_more(rule):
    small, large = resources.Size(10**4, 100, 2000), resources.Size(10**6, 1000, 2 * 10**5)
    for amount in (resources.memory_mb, resources.runtime_minutes):
        assert amount(rule, small, 1) <= amount(rule, large, 1)
        assert amount(rule, small, 1, attempt=2) >= 2 * amount(rule, small, 1) - 1
    assert resources.script_seconds(rule, large, 5) >= resources.script_seconds(rule, large, 1)


@pytest.mark.parametrize(
    ("n_runs", "n_seeds", "edge", "peak"), [(2, 1, 90, 180), (6, 1, 90, 338), (2, 4, 90, 230), (12, 1, 60, 203)]
)
def test_combining_runs_asks_for_what_it_was_measured_to_take(tmp_path, n_runs, n_seeds, edge, peak):
    # Peak resident memory of combine_runs.py in MB, measured on the machine of the other measurements.
    run = run_of(tmp_path, (edge, edge, edge, 2), brain=100)
    asked = resources.Demands({"kind": "table"}, {"a": run}, n_seeds).combined(n_runs)
    script = asked * resources.USED_SHARE - resources.SNAKEMAKE_MB
    assert peak <= script <= 1.25 * peak
