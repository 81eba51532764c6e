# Other cleanings of each run than the study's own, laid beside it.

CLEANINGS = STUDY.cleanings


rule compare_cleanings:
    input:
        # The mask is the one that the study's own cleaning was made in.
        unpack(
            lambda wildcards: STUDY.files(
                wildcards.run,
                ("bold", "bold_right", "confounds", "sidecar", "confounds_sidecar"),
            )
        ),
        mask=rules.extract_seeds.output.mask,
        mean=rules.extract_seeds.output.mean,
        seeds_sidecar=rules.extract_seeds.output.sidecar,
        raw_seeds=rules.extract_seeds.output.raw_series,
        seed_voxels=rules.extract_seeds.output.voxels,
        motion=rules.extract_seeds.output.motion,
        operator=rules.extract_seeds.output.operator,
        maps=rules.correlate.output.maps,
        statistics=rules.correlate.output.metrics,
        coordinates=rules.extract_seeds.output.coordinates,
        meshes=STUDY.mesh_files,
    output:
        maps=NAMES.maps("pearsoncorrelation", "nii.gz", LABELS, CLEANINGS),
        sidecars=NAMES.maps("pearsoncorrelation", "json", LABELS, CLEANINGS),
        z_maps=NAMES.maps("fisherz", "nii.gz", LABELS, CLEANINGS),
        z_sidecars=NAMES.maps("fisherz", "json", LABELS, CLEANINGS),
        table=derived("table.tsv", desc="cleanings"),
        table_sidecar=derived("table.json", desc="cleanings"),
    log:
        log_of("compare_cleanings"),
    benchmark:
        benchmark_of("compare_cleanings")
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=memory_of("compare_cleanings"),
        runtime=lambda wildcards, attempt: max(1, len(CLEANINGS))
        * runtime_of("compare_cleanings")(wildcards, attempt),
    params:
        cleanings={
            name: {key: cleaning[key] for key in CLEANING} for name, cleaning in CLEANINGS.items()
        },
        does=STUDY.cleanings_in_words,
        smoothing_fwhm=lookup(within=config, dpath="cleaning/smoothing_fwhm"),
        statistics={key: config["statistics"][key] for key in ("level", "bursts", "null_seeds")},
        t_r=lambda wildcards: known_run(wildcards).t_r,
        run_labels=run_labels,
        surfaces=STUDY.surfaces,
        datasets=STUDY.datasets,
        modules=fingerprint.of_script("compare_cleanings.py"),
    message:
        "Lay other cleanings of {wildcards.run} beside its own"
    script:
        "../scripts/compare_cleanings.py"


rule draw_cleanings:
    input:
        maps=rules.correlate.output.maps,
        of_cleanings=rules.compare_cleanings.output.maps,
        table=rules.compare_cleanings.output.table,
        seeds_sidecar=rules.extract_seeds.output.sidecar,
        mask=rules.extract_seeds.output.mask,
        mean=rules.extract_seeds.output.mean,
        meshes=STUDY.mesh_files,
    output:
        figures=[
            figure(
                "cleanings", "maps", "cleanings side by side", "figure", label, desc="cleanings"
            )
            for label in LABELS
        ],
    log:
        log_of("draw_cleanings"),
    benchmark:
        benchmark_of("draw_cleanings")
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=memory_of("draw_figures"),
        runtime=runtime_of("draw_all_figures"),
    params:
        does=STUDY.cleanings_in_words,
        without_global_signal=STUDY.cleanings_without_global_signal,
        level=lookup(within=config, dpath="statistics/level"),
        options=FIGURE_OPTIONS,
        run_labels=run_labels,
        surfaces=STUDY.surfaces,
        modules=fingerprint.of_script("draw_cleanings.py"),
    message:
        "Draw the cleanings of {wildcards.run} side by side"
    script:
        "../scripts/draw_cleanings.py"


rule show_cleanings:
    input:
        tables=lambda wildcards: of_admitted([rules.compare_cleanings.output.table]),
        of_cleanings=lambda wildcards: of_admitted(rules.compare_cleanings.output.z_maps),
        maps=lambda wildcards: of_admitted(rules.fisher_z.output.maps),
        sidecars=lambda wildcards: of_admitted([rules.extract_seeds.output.sidecar]),
        metrics=lambda wildcards: of_admitted([rules.extract_voxels.output.metrics]),
        coordinates=lambda wildcards: of_admitted(rules.extract_seeds.output.coordinates),
        meshes=STUDY.mesh_files,
    output:
        table=f"{OVER_RUNS}/study_desc-cleanings_table.tsv",
        sidecar=f"{OVER_RUNS}/study_desc-cleanings_table.json",
        page=report(
            f"{OVER_RUNS}/study_desc-cleanings_page.html",
            caption="../report/cleanings_page.rst",
            category=CATEGORIES["overview"],
            labels={"page": "cleanings side by side", "seed": "all"},
        ),
    log:
        f"{RESULTS}/logs/show_cleanings.log",
    benchmark:
        f"{RESULTS}/benchmarks/show_cleanings.tsv"
    conda:
        "../../envs/figures.yaml"
    resources:
        # A map at a time.
        mem_mb=lambda wildcards, attempt: attempt * 1000,
        runtime=lambda wildcards, attempt: attempt * (30 + len(CLEANINGS) * len(LABELS)),
    params:
        does=STUDY.cleanings_in_words,
        without_global_signal=STUDY.cleanings_without_global_signal,
        of_motion=lambda wildcards: STUDY.has_many_subjects(admitted),
        level=lookup(within=config, dpath="statistics/level"),
        options=FIGURE_OPTIONS,
        surfaces=STUDY.surfaces,
        modules=fingerprint.of_script("show_cleanings.py"),
    message:
        "Lay the cleanings of all runs side by side"
    script:
        "../scripts/show_cleanings.py"
