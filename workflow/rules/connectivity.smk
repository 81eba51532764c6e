# Correlation of seeds with voxels, and its Fisher transform.


rule correlate:
    input:
        seeds=rules.extract_seeds.output.series,
        seeds_sidecar=rules.extract_seeds.output.sidecar,
        voxels=rules.extract_voxels.output.series,
        voxels_sidecar=rules.extract_voxels.output.sidecar,
        mask=rules.extract_seeds.output.mask,
    output:
        maps=NAMES.maps("pearsoncorrelation", "nii.gz", LABELS),
        sidecars=NAMES.maps("pearsoncorrelation", "json", LABELS),
        z_maps=NAMES.maps("fisherz", "nii.gz", LABELS),
        z_sidecars=NAMES.maps("fisherz", "json", LABELS),
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
        datasets=STUDY.datasets,
        modules=fingerprint.of_script("correlate.py"),
    message:
        "Correlate the seeds with the voxels of {wildcards.run}"
    script:
        "../scripts/correlate.py"
