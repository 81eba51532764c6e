# From preprocessed fMRI runs to seed-to-voxel correlation maps.
#
#     uv run snakemake --cores 2                                          the simulated cohort of config/config.yaml
#     uv run snakemake --cores 2 --configfile config/development_fmri.yaml   the published example
#     uv run snakemake --cores 2 --configfile config/surface_example.yaml    its companion on the cortical surface
#     uv run snakemake --cores 2 --configfile my_study.yaml               your own runs; see config/README.md

from snakemake.utils import min_version

min_version("9.20")


include: "workflow/rules/hosted.smk"


RULES = f"{HOME}/workflow/rules"

# A study takes its defaults from the schema alone; without a config of one's own, this is the show.
IS_EXAMPLE = not workflow.configfiles

if IS_EXAMPLE:

    configfile: f"{HOME}/config/config.yaml"


include: f"{RULES}/common.smk"
include: f"{RULES}/reported.smk"
include: f"{RULES}/inputs.smk"
include: f"{RULES}/timeseries.smk"
include: f"{RULES}/connectivity.smk"
include: f"{RULES}/export.smk"
include: f"{RULES}/quality.smk"
include: f"{RULES}/figures.smk"
include: f"{RULES}/cleanings.smk"
include: f"{RULES}/grouped.smk"
include: f"{RULES}/groups.smk"
include: f"{RULES}/manuscript.smk"
include: f"{RULES}/paper.smk"


# The report of somebody who imports this workflow is their own.
if not SESSION.is_module:

    report: f"{HOME}/workflow/report/workflow.rst"


rule all:
    default_target: True
    input:
        rules.describe_derivatives.output,
        rules.summarise_quality.output,
        rules.write_methods.output,
        rules.carry_participants.output if STUDY.source_file("participants.tsv") else [],
        rules.compare_printed_numbers.output if config["printed_numbers"] else [],
        outputs_of_runs(),
        outputs_of_groups,
        paper_of_study,
        over_runs if STUDY.refuses else over_runs(None),
    message:
        f"All results are in {RESULTS_SHOWN}"


# The same, and then an archive of it.
rule crate:
    input:
        rules.all.input,
    message:
        f"All results are in {RESULTS_SHOWN}"


# After the target rule, whose files it concludes.
include: f"{RULES}/conclusion.smk"
