# From preprocessed fMRI runs to seed-to-voxel correlation maps.
#
#     snakemake --cores 2                                          the simulated cohort of config/config.yaml
#     snakemake --cores 2 --configfile config/development_fmri.yaml   the published example
#     snakemake --cores 2 --configfile my_study.yaml               your own runs; see config/README.md

from os.path import exists

from snakemake.utils import min_version

min_version("9.20")


# From any working directory, so that a study means the same everywhere; a config/config.yaml there comes first.
configfile: "config/config.yaml" if exists("config/config.yaml") else f"{workflow.basedir}/config/config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/inputs.smk"
include: "workflow/rules/timeseries.smk"
include: "workflow/rules/connectivity.smk"
include: "workflow/rules/export.smk"
include: "workflow/rules/quality.smk"
include: "workflow/rules/figures.smk"


rule all:
    default_target: True
    input:
        DESCRIPTION,
        f"{DERIVATIVES}/.bidsignore",
        f"{DERIVATIVES}/README.md",
        outputs_of_runs(),
        outputs_of_study(),
        PRINTED_NUMBERS,
    message:
        f"All results are in {RESULTS}"


onstart:
    SESSION.begin()


onsuccess:
    SESSION.note_failures(RUNS, FAILED_RUNS)
    note_leftovers()
    write_report()
    SESSION.end()


onerror:
    if SESSION.note_failures(RUNS, FAILED_RUNS):
        write_report()
    SESSION.end()
