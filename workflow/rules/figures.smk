# Figures of every run, pages of the whole study, and interactive viewers.

FIGURE_INPUTS = dict(
    seeds=rules.extract_seeds.output.series,
    seeds_sidecar=rules.extract_seeds.output.sidecar,
    mean=rules.extract_seeds.output.mean,
    mask=rules.extract_seeds.output.mask,
    seed_voxels=rules.extract_seeds.output.voxels if ON_SURFACE else [],
    examples=rules.extract_voxels.output.examples,
    maps=rules.correlate.output.maps,
    # So that a run's jobs are a chain: in a group, the memory of steps beside each other would add up.
    fisherz_sidecars=rules.fisher_z.output.sidecars,
    z_maps=rules.correlate.output.z_maps,
    statistics=rules.correlate.output.metrics,
    quality=rules.extract_voxels.output.metrics,
    motion=rules.extract_seeds.output.motion,
    carpet=rules.extract_voxels.output.carpet,
    seed_files=STUDY.seed_files,
    atlas=STUDY.atlas_files,
    meshes=STUDY.mesh_files,
    relations=rules.correlate.output.relations,
)
FIGURE_OPTIONS = {key: config["maps"][key] for key in ("threshold", "vmax", "cmap")}
FIGURE_OPTIONS["cluster_volume"] = config["figures"]["cluster_volume"]
if ON_SURFACE:
    FIGURE_OPTIONS["cluster_area"] = config["figures"]["cluster_area"]
FURTHER = config["figures"]["further"]
VIEWERS = [kind for kind in config["figures"]["viewers"]["kinds"] if "explore" not in kind]


rule draw_figures:
    input:
        **FIGURE_INPUTS,
    output:
        **{
            figure_kinds.output_name(kind, label): further_figure(kind, label)
            for label in LABELS
            for kind in FURTHER
        },
        # Figures of each seed in turn.
        maps=[
            figure(
                "map_on_surface" if ON_SURFACE else "map",
                "maps",
                "map",
                "statmap",
                label,
                stat="pearsoncorrelation",
            )
            for label in LABELS
        ],
        series=[figure("seed_series", "series", "seed", "timeseries", label) for label in LABELS],
        examples=figure("voxel_series", "series", "voxels", "timeseries", desc="examplevoxels"),
        carpet=figure("carpet", "quality", "carpet", "bold", desc="carpet"),
        null_seeds=figure("null_seeds", "statistics", "null seeds", "figure", desc="nullseeds"),
        relations=(
            figure("relations", "maps", "seeds among themselves", "relmat", seg="seeds")
            if len(LABELS) > 1
            else []
        ),
    log:
        log_of("draw_figures"),
    benchmark:
        benchmark_of("draw_figures")
    group:
        "run"
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=memory_of("draw_all_figures" if FURTHER else "draw_figures"),
        runtime=runtime_of("draw_all_figures" if FURTHER else "draw_figures"),
    params:
        options=FIGURE_OPTIONS,
        run_labels=run_labels,
        surfaces=STUDY.surfaces,
        # A function of the outputs, which makes it no reason to run again.
        imports=lambda wildcards, output: [
            "seed_to_voxel.figures.ready",
            *(["nilearn.plotting"] if FURTHER or ON_SURFACE else []),
        ],
        modules=fingerprint.of_script("draw_figures.py"),
    message:
        "Draw the figures of {wildcards.run}"
    script:
        "../scripts/draw_figures.py"


rule correlate_semipartially:
    input:
        seeds=rules.extract_seeds.output.series,
        seeds_sidecar=rules.extract_seeds.output.sidecar,
        seed_voxels=rules.extract_seeds.output.voxels,
        voxels=rules.extract_voxels.output.series,
        voxels_sidecar=rules.extract_voxels.output.sidecar,
        mask=rules.extract_seeds.output.mask,
        mean=rules.extract_seeds.output.mean,
        operator=rules.extract_seeds.output.operator,
        motion=rules.extract_seeds.output.motion,
        coordinates=rules.extract_seeds.output.coordinates,
        meshes=STUDY.mesh_files,
    output:
        maps=NAMES.maps("semipartialcorrelation", "nii.gz", LABELS),
        sidecars=NAMES.maps("semipartialcorrelation", "json", LABELS),
        z_maps=NAMES.maps("z", "nii.gz", LABELS, ["semipartial"]),
        z_sidecars=NAMES.maps("z", "json", LABELS, ["semipartial"]),
        figures=[
            figure(
                "semipartial",
                "maps",
                "map given the other seeds",
                "statmap",
                label,
                stat="semipartialcorrelation",
            )
            for label in LABELS
        ],
    log:
        log_of("correlate_semipartially"),
    benchmark:
        benchmark_of("correlate_semipartially")
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        # The voxels' series once more than in the explorer, and less besides.
        mem_mb=memory_of("explore_run"),
        runtime=runtime_of("draw_all_figures"),
    params:
        statistics=lookup(within=config, dpath="statistics"),
        options=FIGURE_OPTIONS,
        run_labels=run_labels,
        surfaces=STUDY.surfaces,
        datasets=STUDY.datasets,
        modules=fingerprint.of_script("correlate_semipartially.py"),
    message:
        "Correlate each seed, given the others, with the voxels of {wildcards.run}"
    script:
        "../scripts/correlate_semipartially.py"


rule compare_seeds:
    input:
        seeds=rules.extract_seeds.output.series,
        seeds_sidecar=rules.extract_seeds.output.sidecar,
        seed_voxels=rules.extract_seeds.output.voxels,
        voxels=rules.extract_voxels.output.series,
        voxels_sidecar=rules.extract_voxels.output.sidecar,
        mask=rules.extract_seeds.output.mask,
        mean=rules.extract_seeds.output.mean,
        operator=rules.extract_seeds.output.operator,
        motion=rules.extract_seeds.output.motion,
        coordinates=rules.extract_seeds.output.coordinates,
        meshes=STUDY.mesh_files,
        fisherz=rules.fisher_z.output.maps,
        fisherz_sidecars=rules.fisher_z.output.sidecars,
        z_sidecars=rules.correlate.output.z_sidecars,
    output:
        table=derived("table.tsv", desc="differences"),
        table_sidecar=derived("table.json", desc="differences"),
        maps=NAMES.maps("fisherz", "nii.gz", STUDY.pairs),
        sidecars=NAMES.maps("fisherz", "json", STUDY.pairs),
        z_maps=NAMES.maps("z", "nii.gz", STUDY.pairs),
        z_sidecars=NAMES.maps("z", "json", STUDY.pairs),
        figures=[
            figure("difference", "maps", "difference", "figure", pair, desc="difference")
            for pair in STUDY.pairs
        ],
    log:
        log_of("compare_seeds"),
    benchmark:
        benchmark_of("compare_seeds")
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=memory_of("explore_run"),
        runtime=runtime_of("draw_all_figures"),
    params:
        pairs=config["maps"]["differences"],
        statistics=lookup(within=config, dpath="statistics"),
        cmap=lookup(within=config, dpath="maps/cmap"),
        run_labels=run_labels,
        surfaces=STUDY.surfaces,
        datasets=STUDY.datasets,
        modules=fingerprint.of_script("compare_seeds.py"),
    message:
        "Compare the maps of pairs of seeds of {wildcards.run}"
    script:
        "../scripts/compare_seeds.py"


rule measure_reliability:
    input:
        # The mask is the one that the run's maps were made in.
        unpack(
            lambda wildcards: STUDY.files(
                wildcards.run,
                ("bold", "bold_right", "confounds", "sidecar", "confounds_sidecar"),
            )
        ),
        mask=rules.extract_seeds.output.mask,
        seeds_sidecar=rules.extract_seeds.output.sidecar,
        seed_voxels=rules.extract_seeds.output.voxels,
        raw_seeds=rules.extract_seeds.output.raw_series,
        voxels_sidecar=rules.extract_voxels.output.sidecar,
        coordinates=rules.extract_seeds.output.coordinates,
        meshes=STUDY.mesh_files,
    output:
        table=derived("table.tsv", desc="reliability"),
        sidecar=derived("table.json", desc="reliability"),
        figure=figure("reliability", "quality", "reliability", "figure", desc="reliability"),
    log:
        log_of("measure_reliability"),
    benchmark:
        benchmark_of("measure_reliability")
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=memory_of("compare_cleanings"),
        runtime=runtime_of("compare_cleanings"),
    params:
        cleaning={key: config["cleaning"][key] for key in CLEANING},
        t_r=lambda wildcards: known_run(wildcards).t_r,
        surfaces=STUDY.surfaces,
        run_labels=run_labels,
        modules=fingerprint.of_script("measure_reliability.py"),
    message:
        "Measure how well parts of {wildcards.run} give its maps again"
    script:
        "../scripts/measure_reliability.py"


# A further figure that the config does not ask for is made alone, for whoever names its file as the target.
ruleorder: draw_figures > draw_further_figure
ruleorder: draw_figures > draw_further_figure_with_table


rule draw_further_figure:
    input:
        **FIGURE_INPUTS,
    output:
        figure=multiext(derived("figure", seed="{seed}", desc="{kind}"), ".pdf", ".png"),
    log:
        f"{RESULTS}/logs/draw_further_figure/{{run}}_seed-{{seed}}_desc-{{kind}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/draw_further_figure/{{run}}_seed-{{seed}}_desc-{{kind}}.tsv"
    wildcard_constraints:
        seed="|".join(LABELS),
        kind="|".join(kind for kind, about in figure_kinds.KINDS.items() if not about.table),
    group:
        "run"
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=memory_of("draw_all_figures"),
        runtime=runtime_of("draw_all_figures"),
    params:
        options=FIGURE_OPTIONS,
        run_labels=run_labels,
        surfaces=STUDY.surfaces,
        modules=fingerprint.of_script("draw_figures.py"),
    message:
        "Draw the {wildcards.kind} figure of {wildcards.seed} and {wildcards.run}"
    script:
        "../scripts/draw_figures.py"


use rule draw_further_figure as draw_further_figure_with_table with:
    output:
        figure=[
            *multiext(derived("figure", seed="{seed}", desc="{kind}"), ".pdf", ".png"),
            derived("table.tsv", seed="{seed}", desc="{kind}"),
        ],
    wildcard_constraints:
        seed="|".join(LABELS),
        kind="|".join(kind for kind, about in figure_kinds.KINDS.items() if about.table),


rule show_overview:
    input:
        maps=lambda wildcards: of_admitted(rules.correlate.output.maps),
        sidecars=lambda wildcards: of_admitted([rules.extract_seeds.output.sidecar]),
        masks=lambda wildcards: of_admitted(rules.extract_seeds.output.mask),
        means=lambda wildcards: of_admitted(rules.extract_seeds.output.mean),
        metrics=lambda wildcards: of_admitted([rules.extract_voxels.output.metrics]),
        statistics=lambda wildcards: of_admitted([rules.correlate.output.metrics]),
        meshes=STUDY.mesh_files,
    output:
        pages=[
            report(
                f"{OVER_RUNS}/study_seed-{label}_desc-overview_page.html",
                caption="../report/overview.rst",
                category=CATEGORIES["overview"],
                labels={"page": "every run's map", "seed": label},
            )
            for label in LABELS
        ],
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
        surfaces=STUDY.surfaces,
        modules=fingerprint.of_script("show_overview.py"),
    message:
        "Lay out every run's map on one page for each seed"
    script:
        "../scripts/show_overview.py"


rule make_viewers:
    input:
        maps=lambda wildcards: of_runs(
            STUDY.shown_in_viewers(admitted), rules.correlate.output.maps
        ),
        sidecars=lambda wildcards: of_runs(
            STUDY.shown_in_viewers(admitted), rules.correlate.output.sidecars
        ),
    output:
        pages=[
            report(
                f"{OVER_RUNS}/study_desc-{kind}_viewer.html",
                caption=f"../report/viewer_{kind}.rst",
                category=CATEGORIES["overview"],
                labels={"page": f"viewer: {kind}", "seed": "all"},
            )
            for kind in VIEWERS
        ],
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
        kinds=VIEWERS,
        on_surface=ON_SURFACE,
        shown=lambda wildcards: [
            {"labels": RUNS[run].labels, "seed": seed}
            for run in STUDY.shown_in_viewers(admitted)
            for seed in SEEDS
        ],
        modules=fingerprint.of_script("make_viewers.py"),
    message:
        "Make the interactive viewers"
    script:
        "../scripts/make_viewers.py"


rule explore_run:
    input:
        voxels=rules.extract_voxels.output.series,
        voxels_sidecar=rules.extract_voxels.output.sidecar,
        seeds_sidecar=rules.extract_seeds.output.sidecar,
        operator=rules.extract_seeds.output.operator,
        motion=rules.extract_seeds.output.motion,
        mask=rules.extract_seeds.output.mask,
        mean=rules.extract_seeds.output.mean,
        meshes=STUDY.mesh_files,
    output:
        page=report(
            derived("viewer.html", desc="explore"),
            caption=f"../report/{'explore_cortex' if ON_SURFACE else 'explore'}.rst",
            category=CATEGORIES["overview"],
            labels=lambda wildcards: {
                "page": f"every {'vertex' if ON_SURFACE else 'voxel'} a seed: "
                + bids.run_title(run_labels(wildcards)),
                "seed": "any",
            },
        ),
    log:
        log_of("explore_run"),
    benchmark:
        benchmark_of("explore_run")
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=memory_of("explore_run"),
        runtime=runtime_of("explore_run"),
    params:
        bursts=lookup(within=config, dpath="statistics/bursts"),
        run_labels=run_labels,
        surfaces=STUDY.surfaces,
        modules=fingerprint.of_script("explore_run.py"),
    message:
        "Make every place of {wildcards.run} a seed"
    script:
        "../scripts/explore_run.py"


rule reduce_run:
    input:
        voxels=rules.extract_voxels.output.series,
        voxels_sidecar=rules.extract_voxels.output.sidecar,
        seeds_sidecar=rules.extract_seeds.output.sidecar,
        mask=rules.extract_seeds.output.mask,
        mean=rules.extract_seeds.output.mean,
        statistics=rules.correlate.output.metrics,
    output:
        values=temp(derived("timeseries.npy", desc="reduced")),
        described=temp(derived("timeseries.npz", desc="reduced")),
    log:
        log_of("reduce_run"),
    benchmark:
        benchmark_of("reduce_run")
    conda:
        "../../envs/connectivity.yaml"
    threads: 1
    resources:
        # Less than the explorer of a run, which does the same and more.
        mem_mb=memory_of("explore_run"),
        runtime=runtime_of("explore_run"),
    params:
        run_labels=run_labels,
        modules=fingerprint.of_script("reduce_run.py"),
    message:
        "Reduce {wildcards.run} to what the explorer of the group needs"
    script:
        "../scripts/reduce_run.py"


rule explore_group:
    input:
        values=lambda wildcards: of_runs(sum(pooled_runs(), []), rules.reduce_run.output.values),
        described=lambda wildcards: of_runs(
            sum(pooled_runs(), []), rules.reduce_run.output.described
        ),
    output:
        page=report(
            f"{DERIVATIVES}/study_desc-explore_viewer.html",
            caption="../report/explore_group.rst",
            category=CATEGORIES["overview"],
            labels={"page": "every voxel a seed: mean over participants", "seed": "any"},
        ),
    log:
        f"{RESULTS}/logs/explore_group.log",
    benchmark:
        f"{RESULTS}/benchmarks/explore_group.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: attempt * DEMANDS.explored_together(),
        runtime=lambda wildcards, attempt: attempt * (10 + len(STUDY.pooled)),
    params:
        mask_coverage=lookup(within=config, dpath="groups/mask_coverage"),
        megabytes=lookup(within=config, dpath="figures/viewers/group_megabytes"),
        not_read=[unit.subject for unit in STUDY.explored_together.values()][len(STUDY.pooled) :],
        modules=fingerprint.of_script("explore_group.py"),
    message:
        "Make every voxel a seed of the participants' mean map"
    script:
        "../scripts/explore_group.py"
