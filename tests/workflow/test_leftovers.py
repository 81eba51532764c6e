"""What leaves a config leaves its results behind: they are said and not certified, and a target removes them."""

import pytest
from conftest import PLAIN_FIGURES, SMALL

from seed_to_voxel.study import checksums

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


def test_files_of_groups_that_the_study_does_not_leave_are_said_removed_and_not_certified(workspace):
    def run(*targets, contrast="old", participants=6):
        models = [{"name": "all", "formula": "1", "contrasts": {contrast: "Intercept"}}]
        config = workspace.write_config(
            dataset={"kind": "simulated", "simulated": {**SMALL, "participants": participants}},
            groups={"models": models, "permutations": {"n": 20}},
            figures=PLAIN_FIGURES,
        )
        return " ".join(workspace.snakemake(*targets, "--configfile", config).stdout.split())

    def listed():
        names = checksums.read(workspace.derivatives / checksums.NAME)
        return {path for name in names if (path := workspace.derivatives / name).parent == group}

    group = workspace.derivatives / "group"
    assert "lie among the results" not in run()
    mine = group / "mine.txt"
    mine.write_text("somebody's own")
    now = {"contrast": "new", "participants": 5}
    gone = {path for path in listed() if "_contrast-old_" in path.name or path.name.startswith("sub-06_")}
    printed = run(**now)
    assert f"{len(gone)} files of groups that this config does not ask for" in printed
    assert "(model-all_contrast-old, sub-06)" in printed
    kept = set(group.iterdir()) - gone
    assert mine in kept and listed() == kept
    # It is said as long as it is so, and nothing is made anew for that.
    printed = run(**now)
    assert f"{len(gone)} files of groups that this config" in printed and "Report:" not in printed
    # A list of an earlier version has what is left.
    with open(workspace.derivatives / checksums.NAME, "a") as file:
        file.writelines(f"{checksums.sha256(path)}  group/{path.name}\n" for path in gone)
    printed = run(**now)
    assert "Nothing to be done" in printed and "Report:" in printed and listed() == kept
    assert f"{len(gone)} files removed" in run("remove_leftovers", **now)
    assert set(group.iterdir()) == kept
    assert "files of groups" not in run(**now)


def test_a_paper_that_left_the_config_is_said_and_removed(workspace):
    def run(*targets, **paper):
        config = workspace.write_config(
            dataset={"kind": "simulated", "simulated": {**SMALL, "participants": 1}}, figures=PLAIN_FIGURES, paper=paper
        )
        return " ".join(workspace.snakemake(*targets, "--configfile", config).stdout.split())

    panels = {"A": {"kind": "slices"}}
    tables = [{"name": "t1", "kind": "quality"}]
    printed = run(figures=[{"name": name, "layout": ["A"], "panels": panels} for name in ("f1", "f2")], tables=tables)
    assert "of a paper that" not in printed
    folder = workspace.path / "results/paper"
    printed = run(figures=[{"name": "f1", "layout": ["A"], "panels": panels}], tables=tables)
    assert "of a paper that this config does not ask for lie in results/paper (figures/f2." in printed
    mine = folder / "figures/photo.png"
    mine.touch()
    made = {path for path in folder.rglob("*") if path.is_file()} - {mine}
    printed = run()
    assert "Nothing to be done" in printed and f"{len(made)} files of a paper" in printed
    assert f"{len(made)} files removed" in run("remove_leftovers")
    assert {path for path in folder.rglob("*") if path.is_file()} == {mine}
    assert "of a paper that" not in run()
