# From a run's volumes to the cleaned series of its seeds and voxels, in two passes over the run.

CLEANING = (
    "detrend",
    "filter",
    "high_pass",
    "low_pass",
    "confounds",
    "dummy_scans",
    "scrubbing",
    "seed_smoothing_fwhm",
    "seeds_in_mask",
    "min_seed_coverage",
    "undefined_volumes",
)


rule extract_seeds:
    input:
        unpack(run_files),
        seed_files=STUDY.seed_files,
        meshes=STUDY.mesh_files,
    output:
        series=derived("timeseries.tsv", desc="seeds"),
        sidecar=derived("timeseries.json", desc="seeds"),
        mask=image_of("mask", desc="brain"),
        mask_sidecar=derived("mask.json", desc="brain"),
        mean=image_of("boldref", desc="mean"),
        # Of runs on the cortical surface, where each place is.
        coordinates=derived("coordinates.npy", desc="places") if ON_SURFACE else [],
        operator=derived("operator.npy", desc="cleaning"),
        motion=derived("timeseries.tsv", desc="motion"),
        raw_series=derived("timeseries.tsv", desc="rawseeds"),
        voxels=derived("voxels.tsv", desc="seeds"),
    log:
        log_of("extract_seeds"),
    benchmark:
        benchmark_of("extract_seeds")
    group:
        "run"
    conda:
        "../../envs/timeseries.yaml"
    threads: 1
    resources:
        mem_mb=memory_of("extract_seeds"),
        runtime=runtime_of("extract_seeds"),
    params:
        seeds=SEEDS,
        cleaning={key: config["cleaning"][key] for key in CLEANING},
        t_r=lambda wildcards: known_run(wildcards).t_r,
        space=lambda wildcards: known_run(wildcards).space,
        resolution=lambda wildcards: known_run(wildcards).resolution,
        datasets=STUDY.datasets,
        surfaces=STUDY.surfaces,
        modules=fingerprint.of_script("extract_seeds.py"),
    message:
        "Extract the seeds' series of {wildcards.run}"
    script:
        "../scripts/extract_seeds.py"


rule extract_voxels:
    input:
        bold=lambda wildcards: list(STUDY.files(wildcards.run, ("bold", "bold_right")).values()),
        meshes=STUDY.mesh_files,
        mask=rules.extract_seeds.output.mask,
        operator=rules.extract_seeds.output.operator,
        seeds_sidecar=rules.extract_seeds.output.sidecar,
        motion=rules.extract_seeds.output.motion,
    output:
        series=temp(derived("timeseries.npy", desc="voxels")),
        sidecar=temp(derived("timeseries.json", desc="voxels")),
        examples=derived("timeseries.tsv", desc="examplevoxels"),
        metrics=derived("metrics.json", desc="quality"),
        carpet=derived("timeseries.npy", desc="carpet"),
    log:
        log_of("extract_voxels"),
    benchmark:
        benchmark_of("extract_voxels")
    group:
        "run"
    conda:
        "../../envs/timeseries.yaml"
    threads: 1
    resources:
        mem_mb=memory_of("extract_voxels"),
        runtime=runtime_of("extract_voxels"),
    params:
        smoothing_fwhm=lookup(within=config, dpath="cleaning/smoothing_fwhm"),
        examples=lookup(within=config, dpath="maps/voxels"),
        labels=run_labels,
        surfaces=STUDY.surfaces,
        modules=fingerprint.of_script("extract_voxels.py"),
    message:
        "Extract the voxels' series of {wildcards.run}, and measure its quality"
    script:
        "../scripts/extract_voxels.py"
