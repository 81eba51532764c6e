"""What a change makes run again, and what it does not: docs/snakemake.md has the same table."""

import os
import re
import shutil

import pytest
import yaml
from conftest import ROOT, SCHEMA, SMALL, Workspace

from seed_to_voxel.study import configuration, targets

pytestmark = pytest.mark.workflow

OF_A_RUN = ["extract_seeds", "extract_voxels", "correlate", "fisher_z", "draw_figures"]
"""Jobs of each run, in their order."""

TABLE = {
    "a seed's radius": OF_A_RUN,
    "another seed": OF_A_RUN,
    "cleaning.smoothing_fwhm": OF_A_RUN[1:],
    # The voxels' cleaned series are not kept: they are made again for whatever asks for them.
    "statistics.null_seeds": OF_A_RUN[1:],
    "maps.threshold": OF_A_RUN[4:],
    "quality.warn.max_mean_fd": [],
    "one more participant": ["simulate_run", *OF_A_RUN],
    "a module that draws": OF_A_RUN[4:],
    "a font": OF_A_RUN[4:],
    "all defaults, written out in another order": [],
    "an image that is touched": [],
    "an image that is replaced by the same bytes": [],
    "nothing": [],
}
"""What runs again of the jobs of each run, in a study of two; of the new one alone where there is one."""


@pytest.fixture(scope="module")
def study(finished, tmp_path_factory):
    """The finished cohort, to be changed."""
    folder = tmp_path_factory.mktemp("again") / "project"
    workspace = Workspace(folder)
    for part in ("results", ".snakemake", "study.yaml"):
        if (finished.path / part).is_dir():
            shutil.copytree(finished.path / part, folder / part)
        else:
            shutil.copy2(finished.path / part, folder / part)
    # The folder's README lists what there is, and changes ask for no viewers.
    config, _ = changed(workspace, "nothing")
    workspace.snakemake("describe_derivatives", "--configfile", config)
    return workspace


def backwards(content):
    """The keys of sections, from the last to the first."""
    return {name: backwards(content[name]) for name in reversed(content)} if isinstance(content, dict) else content


def changed(workspace, change):
    """The config after a change, and what is to be done to put files back."""
    config = yaml.safe_load((workspace.path / "study.yaml").read_text())
    # Explorers and viewers ask for the first run's series too.
    config["figures"]["viewers"]["runs"] = "none"
    seeds = (ROOT / "config" / "seeds.tsv").read_text().splitlines()
    put_back = {}
    if change == "a seed's radius":
        (workspace.path / "mine.tsv").write_text("\n".join(re.sub(r"\t8(?=\t|$)", "\t6", row) for row in seeds) + "\n")
        config["seeds"] = "mine.tsv"
    elif change == "another seed":
        width = len(seeds[0].split("\t"))
        more = ["M1", "-38", "-26", "56", "8", *["n/a"] * (width - 5)]
        (workspace.path / "mine.tsv").write_text("\n".join([*seeds, "\t".join(more)]) + "\n")
        config["seeds"] = "mine.tsv"
    elif change == "one more participant":
        config["dataset"]["simulated"]["participants"] += 1
    elif change == "a module that draws":
        module = workspace.path / "workflow/scripts/seed_to_voxel/figures/style.py"
        put_back[module] = module.read_bytes()
        module.write_text(module.read_text() + "\n# edited\n")
    elif change == "a font":
        font = workspace.path / "workflow/scripts/seed_to_voxel/figures/fonts/SeedToVoxelSans.ttf"
        put_back[font] = font.read_bytes()
        font.write_bytes(font.with_stem("SeedToVoxelSans-Bold").read_bytes())
    elif change == "all defaults, written out in another order":
        configuration.fill_in(config, SCHEMA)
        config = backwards(config)
    elif "image" in change:
        image = next(workspace.path.glob("results/inputs/simulated/sub-01/func/*_bold.nii.gz"))
        if "touched" in change:
            os.utime(image)
        else:
            image.write_bytes(image.read_bytes())
    elif "." in change:
        *parents, last = change.split(".")
        place = config
        for name in parents:
            place = place.setdefault(name, {})
        place[last] = {"smoothing_fwhm": 5, "null_seeds": 100, "threshold": 0.3, "max_mean_fd": 0.01}[last]
    return workspace.write_config("other.yaml", **config), put_back


@pytest.mark.parametrize("change", TABLE)
def test_a_change_makes_these_jobs_run_again_and_no_others(study, change):
    config, put_back = changed(study, change)
    try:
        printed = study.snakemake("-n", "--configfile", config).stdout
    finally:
        for path, content in put_back.items():
            path.write_bytes(content)
    jobs = {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", printed, re.MULTILINE)}
    print(f"{change}: {', '.join(f'{count} {name}' for name, count in jobs.items()) or 'nothing'}")
    of_runs = {name: count for name, count in jobs.items() if name in ("simulate_run", *OF_A_RUN)}
    assert of_runs == dict.fromkeys(TABLE[change], 1 if change == "one more participant" else 2)
    # Pages of the whole study follow what they show; nothing at all is done for nothing.
    assert ("Nothing to be done" in printed) == (not jobs)
    assert bool(jobs) == (
        change not in ("nothing", "all defaults, written out in another order") and "image" not in change
    )
    # Its README lists what there is: with a second seed, more kinds of files.
    assert ("describe_derivatives" in jobs) == (change == "another seed")


@pytest.mark.parametrize("rule", OF_A_RUN)
def test_a_file_that_is_gone_runs_its_job_again_also_where_another_job_would_bring_it_along(study, rule, tmp_path):
    """Of the first participant a job's first file alone, of the second the figures' first file too.

    The plan asks for the first file of a job only where no other job asks for it.
    """
    config, _ = changed(study, "nothing")
    declared = yaml.safe_load((ROOT / "workflow" / "outputs.yaml").read_text())
    jobs = targets.jobs_of_runs(declared, ["PCC"], set())
    assert set(OF_A_RUN) <= set(jobs)
    gone = {}
    for subject, rules in (("01", {rule}), ("02", {rule, "draw_figures"})):
        run = f"sub-{subject}/func/sub-{subject}_task-rest_space-MNI152NLin2009cAsym"
        for name in rules:
            path = study.derivatives / jobs[name][0].format(run=run)
            gone[path] = tmp_path / path.name
            shutil.move(path, gone[path])
    try:
        printed = study.snakemake("-n", "--configfile", config).stdout
    finally:
        for path, kept in gone.items():
            shutil.move(kept, path)
    assert re.search(rf"^{rule} +2$", printed, re.MULTILINE)
    assert re.search(r"^draw_figures +2$", printed, re.MULTILINE)
    assert "Nothing to be done" in study.snakemake("-n", "--configfile", config).stdout


def test_a_changed_seed_draws_its_own_figures_of_the_paper_and_no_others(workspace):
    """The plan has both figures, as a run's maps are made together; what came out the same is seen once it is there."""

    def seeds(radius):
        header, own = (ROOT / "config" / "seeds.tsv").read_text().splitlines()[:2]
        other = ["M1", "-38", "-26", "56", str(radius), *["n/a"] * (len(own.split("\t")) - 5)]
        (workspace.path / "mine.tsv").write_text("\n".join([header, own, "\t".join(other)]) + "\n")

    def panels(seed):
        kinds = {"A": "slices", "B": "distribution", "C": "networks"}
        return {letter: {"kind": kind, "seed": seed} for letter, kind in kinds.items()}

    names = {"PCC": "first", "M1": "second"}
    config = workspace.write_config(
        dataset={"kind": "simulated", "simulated": {**SMALL, "participants": 1}},
        seeds="mine.tsv",
        figures={"further": ["clusters"], "viewers": {"runs": "none"}},
        paper={
            "figures": [
                {
                    "name": name,
                    "layout": ["A", "B", "C"],
                    "width": "double",
                    "panels": panels(seed),
                    "caption": f"{seed}.",
                }
                for seed, name in names.items()
            ],
            "tables": [{"name": name, "kind": "clusters", "seed": seed} for seed, name in names.items()],
        },
    )
    seeds(8)
    workspace.snakemake("paper", "--configfile", config)
    files = [
        workspace.path / "results" / "paper" / f"{place}/{name}"
        for name, place in (("first.pdf", "figures"), ("first.tsv", "tables"), ("second.pdf", "figures"))
    ]
    before = [(path.stat().st_mtime_ns, path.read_bytes()) for path in files]
    seeds(12)
    printed = workspace.snakemake("paper", "--configfile", config).stdout
    after = [(path.stat().st_mtime_ns, path.read_bytes()) for path in files]
    spared = re.findall(r"Job \d+: (.*)\n+Not needed, as its inputs came out the same", printed)
    assert sorted(spared) == ["Draw the figure first of the paper", "Print the table first of the paper"]
    assert after[:2] == before[:2] and after[2][0] > before[2][0] and after[2][1] != before[2][1]
    assert "Nothing to be done" in workspace.snakemake("paper", "-n", "--configfile", config).stdout
