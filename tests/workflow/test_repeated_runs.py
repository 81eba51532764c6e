"""Several sessions of each participant: how alike their maps are, and what share of it is the participants'."""

import json

import nibabel
import numpy as np
import pandas
import pytest
from conftest import PLAIN_FIGURES

from seed_to_voxel.quality import agreement

pytestmark = pytest.mark.workflow

SHAPE, T = (9, 9, 9), 80
AFFINE = np.array([[4.0, 0, 0, -16], [0, 4, 0, -16], [0, 0, 4, -16], [0, 0, 0, 1]])


def test_maps_of_a_participant_are_more_alike_than_those_of_two(workspace):
    rng = np.random.default_rng(7)
    rows = []
    for subject in ("1", "2", "3"):
        own = rng.standard_normal(SHAPE)
        for session in ("pre", "post"):
            drive = rng.standard_normal(T)
            data = own[..., None] * drive + 0.7 * rng.standard_normal((*SHAPE, T))
            data[4, 4, 4] = drive
            name = f"{subject}{session}.nii.gz"
            nibabel.save(nibabel.Nifti1Image((100 + data).astype(np.float32), AFFINE), workspace.path / name)
            rows.append(f"{subject}\t{session}\trest\tMNI\t{name}\t2.0\n")
    nibabel.save(nibabel.Nifti1Image(np.ones(SHAPE, np.uint8), AFFINE), workspace.path / "mask.nii.gz")
    rows = [row.replace("\tMNI\t", "\tMNI\tmask.nii.gz\t") for row in rows]
    header = "subject\tsession\ttask\tspace\tmask\tbold\tt_r\n"
    (workspace.path / "runs.tsv").write_text(header + "".join(rows))
    (workspace.path / "seeds.tsv").write_text("label\tx\ty\tz\tradius_mm\nA\t0\t0\t0\t1\nB\t12\t12\t12\t1\n")
    config = workspace.write_config(
        dataset={"kind": "table", "table": {"runs": "runs.tsv"}},
        seeds="seeds.tsv",
        cleaning={"confounds": [], "smoothing_fwhm": None, "high_pass": None, "low_pass": None},
        statistics={"null_seeds": 10},
        maps={"reliability": True},
        figures=PLAIN_FIGURES,
    )
    base = "results/derivatives/seed_to_voxel/study"
    printed = workspace.snakemake("-n", "--configfile", config).stdout
    assert "measure_agreement" in printed and "measure_reliability" in printed
    workspace.snakemake(f"{base}_desc-agreement_table.tsv", "--configfile", config)
    table = pandas.read_csv(workspace.path / f"{base}_desc-agreement_table.tsv", sep="\t")
    summary = table[table["first"].isna()].set_index(["seed", "kind"])
    assert (
        summary.loc[("A", agreement.BETWEEN), "n_pairs"] == 3 and summary.loc[("A", agreement.OTHERS), "n_pairs"] == 12
    )
    assert summary.loc[("A", agreement.BETWEEN), "r"] > 0.7 and abs(summary.loc[("A", agreement.OTHERS), "r"]) < 0.2

    def z_of(subject, session):
        name = f"sub-{subject}_ses-{session}_task-rest_space-MNI_seed-A_stat-fisherz_statmap.nii.gz"
        return np.asarray(nibabel.load(workspace.run_folder(subject, session) / name).dataobj)

    away = np.ones(SHAPE, dtype=bool)
    away[4, 4, 4] = False
    pair = table[table["first"].notna() & (table["seed"] == "A")].iloc[0]
    expected = np.corrcoef(z_of("1", "pre")[away], z_of("1", "post")[away])[0, 1]
    assert pair["r"] == pytest.approx(expected, abs=1e-4)
    image = nibabel.load(workspace.path / f"{base}_seed-A_stat-icc31_statmap.nii.gz")
    described = json.loads((workspace.path / f"{base}_seed-A_stat-icc31_statmap.json").read_text())
    assert described["Subjects"] == ["1", "2", "3"] and described["Occasions"] == ["post", "pre"]
    assert "so few" in described["Caveats"][0] and len(described["Sources"]) == 6
    # Two occasions: ICC(3,1) by the mean squares of sums and differences.
    values = np.array([[z_of(subject, session) for session in ("post", "pre")] for subject in "123"])
    sums, differences = values.sum(axis=1) / np.sqrt(2), (values[:, 1] - values[:, 0]) / np.sqrt(2)
    between, error = sums.var(axis=0, ddof=1), differences.var(axis=0, ddof=1)
    wanted = (between - error) / (between + error)
    np.testing.assert_allclose(np.asarray(image.dataobj)[away], wanted[away], atol=1e-4)
    assert np.median(wanted[away]) > 0.5
