"""A seed that leaves the table leaves its results behind: they are said, and a target removes them."""

import pytest
from conftest import SMALL

pytestmark = pytest.mark.workflow


def test_results_of_a_seed_that_is_gone_are_said_and_removed(workspace):
    seeds = workspace.path / "seeds.tsv"
    header, pcc, other = "label\tx\ty\tz\tradius_mm\n", "PCC\t0\t-52\t18\t8\n", "M1\t-38\t-26\t56\t8\n"
    seeds.write_text(header + pcc + other)
    config = workspace.write_config(
        dataset={"kind": "simulated", "simulated": {**SMALL, "participants": 1}}, seeds="seeds.tsv"
    )
    # Asked for once, and not again.
    further = workspace.write_config("further.yaml", figures={"further": ["distribution"]})
    assert "lie among the results" not in workspace.snakemake("--configfile", config, further).stdout
    seeds.write_text(header + pcc)
    printed = workspace.snakemake("--configfile", config).stdout
    gone = sorted(path for path in workspace.derivatives.rglob("*_seed-M1_*") if path.is_file())
    assert f"{len(gone)} files of seeds that are not in the table of seeds (M1)" in " ".join(printed.split())
    # The figure, and the seeds among themselves, of which one is left.
    unasked = {
        path
        for pattern in ("*_seed-PCC_desc-distribution_*", "*_seg-seeds_*")
        for path in workspace.derivatives.rglob(pattern)
    }
    assert len(unasked) == 2 + 8
    assert f"{len(unasked)} files that this config does not ask for lie among the results" in " ".join(printed.split())
    gone = {*gone, *unasked}
    kept = {path for path in workspace.derivatives.rglob("*") if path.is_file()} - gone

    assert f"remove_leftovers --cores 1 --configfile {workspace.path / config}" in printed.replace("\n", " ")
    printed = workspace.snakemake("remove_leftovers", "--configfile", config).stdout
    assert f"{len(gone)} files removed" in printed and printed.count("removed results/derivatives/") == len(gone)
    assert {path for path in workspace.derivatives.rglob("*") if path.is_file()} == kept
    # As often as it is asked for.
    assert "0 files removed" in workspace.snakemake("remove_leftovers", "--configfile", config).stdout
    assert "Nothing to be done" in workspace.snakemake("--configfile", config).stdout
