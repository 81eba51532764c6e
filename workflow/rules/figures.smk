# Figures of every run, pages of the whole study, and interactive viewers.

FURTHER_INPUTS = dict(
    seeds_sidecar=rules.extract_seeds.output.sidecar,
    mean=rules.extract_seeds.output.mean,
    mask=rules.extract_seeds.output.mask,
    maps=rules.correlate.output.maps,
    seed_files=SEED_FILES,
)
FURTHER_OPTIONS = {key: config["maps"][key] for key in ("threshold", "vmax", "cmap")}
FURTHER_OPTIONS["cluster_volume"] = config["figures"]["cluster_volume"]
DRAWING = "draw_all_figures" if config["figures"]["further"] else "draw_figures"
ALONE = [(kind, label) for kind in figure_names.KINDS for label in LABELS]


rule draw_figures:
    input:
        **FURTHER_INPUTS,
        seeds=rules.extract_seeds.output.series,
        examples=rules.extract_voxels.output.examples,
        quality=rules.measure_quality.output.metrics,
        motion=rules.measure_quality.output.motion,
        carpet=rules.measure_quality.output.carpet,
    output:
        **{
            f"{kind}__{label}": further_figure(kind, label)
            for label in LABELS
            for kind in config["figures"]["further"]
        },
        maps=[
            figure("map", "maps", "map", "statmap", label, stat="pearsoncorrelation")
            for label in LABELS
        ],
        series=[figure("seed_series", "series", "seed", "timeseries", label) for label in LABELS],
        examples=figure(
            "voxel_series",
            "series",
            "voxels",
            "timeseries",
            desc="examplevoxels",
        ),
        carpet=figure("carpet", "quality", "carpet", "bold", desc="carpet"),
    log:
        log_of("draw_figures"),
    benchmark:
        benchmark_of("draw_figures")
    # The longest of a run's last steps begins first.
    priority: 1
    group:
        "run"
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=memory_of(DRAWING),
        runtime=runtime_of(DRAWING),
    params:
        options=FURTHER_OPTIONS,
        run_labels=run_labels,
        modules=fingerprint.of_script("draw_figures.py"),
    message:
        "Draw the figures of {wildcards.run}"
    script:
        "../scripts/draw_figures.py"


# Every figure alone, for whoever names its file as the target. With many seeds these are many rules, and planning
# a study tries each of them on every file: they are made only where they are asked for.
for KIND, LABEL in ALONE if asks_for_figures() else []:

    rule:
        name:
            f"draw_{KIND}_of_{LABEL}"
        input:
            **FURTHER_INPUTS,
        output:
            **{f"{KIND}__{LABEL}": further_figure(KIND, LABEL)},
        log:
            log_of(f"draw_{KIND}_of_{LABEL}"),
        benchmark:
            benchmark_of(f"draw_{KIND}_of_{LABEL}")
        conda:
            "../../envs/figures.yaml"
        resources:
            mem_mb=memory_of("draw_all_figures"),
            runtime=runtime_of("draw_all_figures"),
        params:
            options=FURTHER_OPTIONS,
            run_labels=run_labels,
            modules=fingerprint.of_script("draw_figure.py"),
        message:
            "Draw a figure of {wildcards.run}"
        script:
            "../scripts/draw_figure.py"

    if KIND in config["figures"]["further"]:
        workflow.ruleorder(f"draw_{KIND}_of_{LABEL}", "draw_figures")


rule show_overview:
    input:
        maps=lambda wildcards: of_admitted(rules.correlate.output.maps),
        sidecars=lambda wildcards: of_admitted([rules.extract_seeds.output.sidecar]),
        masks=lambda wildcards: of_admitted([rules.extract_seeds.output.mask]),
        metrics=lambda wildcards: of_admitted([rules.measure_quality.output.metrics]),
    output:
        pages=[overview_page(label) for label in LABELS],
    log:
        f"{RESULTS}/logs/show_overview.log",
    benchmark:
        f"{RESULTS}/benchmarks/show_overview.tsv"
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: attempt * (1000 + 2 * len(RUNS)),
        runtime=lambda wildcards, attempt: attempt * 15,
    params:
        options=FURTHER_OPTIONS,
        modules=fingerprint.of_script("show_overview.py"),
    message:
        "Lay out every run's map on one page for each seed"
    script:
        "../scripts/show_overview.py"


VIEWERS = []
if chosen_for_viewers():
    VIEWERS = [viewer(kind) for kind in config["figures"]["viewers"]["kinds"]]


if VIEWERS:

    rule make_viewers:
        input:
            maps=lambda wildcards: of_runs(shown_in_viewers(), rules.correlate.output.maps),
            sidecars=lambda wildcards: of_runs(shown_in_viewers(), rules.correlate.output.sidecars),
        output:
            pages=VIEWERS,
        log:
            f"{RESULTS}/logs/make_viewers.log",
        benchmark:
            f"{RESULTS}/benchmarks/make_viewers.tsv"
        conda:
            "../../envs/viewers.yaml"
        resources:
            mem_mb=lambda wildcards, attempt: attempt * 2000,
            runtime=lambda wildcards, attempt: attempt * 15,
        params:
            options=FURTHER_OPTIONS,
            kinds=config["figures"]["viewers"]["kinds"],
            shown=lambda wildcards: [
                {"labels": RUNS[run].labels, "seed": seed}
                for run in shown_in_viewers()
                for seed in SEEDS
            ],
            modules=fingerprint.of_script("make_viewers.py"),
        message:
            "Make the interactive viewers"
        script:
            "../scripts/make_viewers.py"
