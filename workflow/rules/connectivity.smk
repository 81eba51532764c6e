# Correlation of seeds with voxels, its Fisher transform, and what chance would make of it.


# In the order in which the script writes them.
RELATIONS = (
    [
        derived(f"relmat.{ending}", seg="seeds", stat=stat)
        for stat in ("pearsoncorrelation", "partialcorrelation")
        for ending in ("tsv", "json")
    ]
    + [derived(f"pairs.{ending}", seg="seeds") for ending in ("tsv", "json")]
    if len(LABELS) > 1
    else []
)


rule correlate:
    input:
        seeds=rules.extract_seeds.output.series,
        seeds_sidecar=rules.extract_seeds.output.sidecar,
        voxels=rules.extract_voxels.output.series,
        voxels_sidecar=rules.extract_voxels.output.sidecar,
        mask=rules.extract_seeds.output.mask,
        operator=rules.extract_seeds.output.operator,
        motion=rules.extract_seeds.output.motion,
        raw_seeds=rules.extract_seeds.output.raw_series,
        seed_voxels=rules.extract_seeds.output.voxels,
        coordinates=rules.extract_seeds.output.coordinates,
    output:
        maps=NAMES.maps("pearsoncorrelation", "nii.gz", LABELS),
        sidecars=NAMES.maps("pearsoncorrelation", "json", LABELS),
        z_maps=NAMES.maps("z", "nii.gz", LABELS),
        z_sidecars=NAMES.maps("z", "json", LABELS),
        p_maps=NAMES.maps("p", "nii.gz", LABELS),
        p_sidecars=NAMES.maps("p", "json", LABELS),
        nu_maps=NAMES.maps("nu", "nii.gz", LABELS),
        nu_sidecars=NAMES.maps("nu", "json", LABELS),
        relations=RELATIONS,
        metrics=derived("metrics.json", desc="statistics"),
    log:
        log_of("correlate"),
    benchmark:
        benchmark_of("correlate")
    group:
        "run"
    conda:
        "../../envs/connectivity.yaml"
    threads: 1
    resources:
        mem_mb=memory_of("correlate"),
        runtime=runtime_of("correlate"),
    params:
        statistics=lookup(within=config, dpath="statistics"),
        datasets=STUDY.datasets,
        modules=fingerprint.of_script("correlate.py"),
    message:
        "Correlate the seeds with the voxels of {wildcards.run}"
    script:
        "../scripts/correlate.py"


rule fisher_z:
    input:
        maps=rules.correlate.output.maps,
        sidecars=rules.correlate.output.sidecars,
    output:
        maps=NAMES.maps("fisherz", "nii.gz", LABELS),
        sidecars=NAMES.maps("fisherz", "json", LABELS),
    log:
        log_of("fisher_z"),
    benchmark:
        benchmark_of("fisher_z")
    group:
        "run"
    conda:
        "../../envs/connectivity.yaml"
    resources:
        mem_mb=memory_of("fisher_z"),
        runtime=runtime_of("fisher_z"),
    params:
        datasets=STUDY.datasets,
        modules=fingerprint.of_script("fisher_z.py"),
    message:
        "Transform the correlations of {wildcards.run} to Fisher z"
    script:
        "../scripts/fisher_z.py"
