# Figures of every run, pages of the whole study, and interactive viewers.

FIGURE_INPUTS = dict(
    seeds=rules.extract_seeds.output.series,
    seeds_sidecar=rules.extract_seeds.output.sidecar,
    mean=rules.extract_seeds.output.mean,
    mask=rules.extract_seeds.output.mask,
    examples=rules.extract_voxels.output.examples,
    maps=rules.correlate.output.maps,
    quality=rules.measure_quality.output.metrics,
    motion=rules.measure_quality.output.motion,
    carpet=rules.measure_quality.output.carpet,
    seed_files=SEED_FILES,
)
FIGURE_OPTIONS = {key: config["maps"][key] for key in ("threshold", "vmax", "cmap")}
FIGURE_OPTIONS["cluster_volume"] = config["figures"]["cluster_volume"]
# What each rule draws, by its outputs' names. Every further figure can be drawn alone, for whoever names its file as the
# target. With many seeds these are many rules, and planning a study tries each of them on every file: they are made
# only where they are asked for.
DRAWN = {
    "draw_figures": {
        "maps": [
            figure("map", "maps", "map", "statmap", label, stat="pearsoncorrelation")
            for label in LABELS
        ],
        "series": [
            figure("seed_series", "series", "seed", "timeseries", label) for label in LABELS
        ],
        "examples": figure("voxel_series", "series", "voxels", "timeseries", desc="examplevoxels"),
        "carpet": figure("carpet", "quality", "carpet", "bold", desc="carpet"),
    }
}
for LABEL in LABELS:
    for KIND in figure_kinds.KINDS:
        OUTPUT = {f"{KIND}{figure_kinds.SEPARATOR}{LABEL}": further_figure(KIND, LABEL)}
        if asks_for_figures():
            DRAWN[f"draw_{KIND}_of_{LABEL}"] = OUTPUT
        elif KIND in config["figures"]["further"]:
            DRAWN["draw_figures"] |= OUTPUT


# One definition for all: a figure that was drawn alone must not look changed when it is drawn with the others.
for NAME, FIGURES in DRAWN.items():
    COST = "draw_all_figures" if any(map(figure_kinds.is_further, FIGURES)) else "draw_figures"

    rule:
        name:
            NAME
        input:
            **FIGURE_INPUTS,
        output:
            **FIGURES,
        log:
            log_of(NAME),
        benchmark:
            benchmark_of(NAME)
        group:
            "run"
        conda:
            "../../envs/figures.yaml"
        resources:
            mem_mb=memory_of(COST),
            runtime=runtime_of(COST),
        params:
            options=FIGURE_OPTIONS,
            run_labels=run_labels,
            modules=fingerprint.of_script("draw_figures.py"),
        message:
            "Draw the figures of {wildcards.run}"
        script:
            "../scripts/draw_figures.py"


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
        options=FIGURE_OPTIONS,
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
            options=FIGURE_OPTIONS,
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
