# The quality of every run, the runs that are refused, and what goes with motion over participants.

from snakemake import __version__ as snakemake_version

if STUDY.refuses:

    # Its verdict decides which runs go on; without limits there is nothing to wait for.
    checkpoint assess_run:
        input:
            unpack(run_files),
            seed_files=STUDY.seed_files,
            meshes=STUDY.mesh_files,
        output:
            verdict=STUDY.verdict("{run}"),
        log:
            log_of("assess_run"),
        benchmark:
            benchmark_of("assess_run")
        conda:
            "../../envs/timeseries.yaml"
        resources:
            mem_mb=memory_of("extract_seeds"),
            runtime=runtime_of("extract_seeds"),
        params:
            seeds=SEEDS,
            cleaning={key: config["cleaning"][key] for key in CLEANING},
            limits=lookup(within=config, dpath="quality/refuse"),
            t_r=lambda wildcards: known_run(wildcards).t_r,
            labels=run_labels,
            surfaces=STUDY.surfaces,
            modules=fingerprint.of_script("assess_run.py"),
        message:
            "Decide whether {wildcards.run} is good enough"
        script:
            "../scripts/assess_run.py"


rule measure_label_coverage:
    input:
        mask=rules.extract_seeds.output.mask,
        atlas=STUDY.atlas_files,
        meshes=STUDY.mesh_files,
    output:
        table=derived("coverage.tsv", desc="regions"),
        sidecar=derived("coverage.json", desc="regions"),
    log:
        log_of("measure_label_coverage"),
    benchmark:
        benchmark_of("measure_label_coverage")
    group:
        "run"
    conda:
        "../../envs/timeseries.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        surfaces=STUDY.surfaces,
        modules=fingerprint.of_script("measure_label_coverage.py"),
    message:
        "Measure how much of each region has data in {wildcards.run}"
    script:
        "../scripts/measure_label_coverage.py"


rule carry_participants:
    input:
        table=STUDY.source_file("participants.tsv") or [],
        sidecar=STUDY.source_file("participants.json") or [],
    output:
        table=f"{OVER_RUNS}/participants.tsv",
        # What its columns mean, where the source says so.
        sidecar=f"{OVER_RUNS}/participants.json" if STUDY.source_file("participants.json") else [],
    log:
        f"{RESULTS}/logs/carry_participants.log",
    benchmark:
        f"{RESULTS}/benchmarks/carry_participants.tsv"
    localrule: True
    conda:
        "../../envs/connectivity.yaml"
    resources:
        mem_mb=200,
        runtime=5,
    params:
        subjects=STUDY.subjects,
        modules=fingerprint.of_script("carry_participants.py"),
    message:
        "Carry the table of participants along"
    script:
        "../scripts/carry_participants.py"


rule summarise_quality:
    input:
        found=quality_of_runs,
        statistics=lambda wildcards: of_admitted([rules.correlate.output.metrics]),
    output:
        table=f"{OVER_RUNS}/qc.tsv",
        sidecar=f"{OVER_RUNS}/qc.json",
        page=report(
            f"{PAGES}/quality.html",
            caption="../report/quality.rst",
            category=CATEGORIES["quality"],
            subcategory="all runs",
            labels={"figure": "table of quality"},
        ),
    log:
        f"{RESULTS}/logs/summarise_quality.log",
    benchmark:
        f"{RESULTS}/benchmarks/summarise_quality.tsv"
    localrule: True
    conda:
        "../../envs/pages.yaml"
    resources:
        mem_mb=500,
        runtime=10,
    params:
        labels=LABELS,
        excluded=STUDY.excluded,
        # Judged here, so that another limit measures nothing anew.
        limits=lookup(within=config, dpath="quality/warn"),
        modules=fingerprint.of_script("summarise_quality.py"),
    message:
        "Gather the quality of all runs"
    script:
        "../scripts/summarise_quality.py"


rule measure_qcfc:
    input:
        maps=lambda wildcards: of_admitted(rules.fisher_z.output.maps),
        coordinates=lambda wildcards: of_admitted(rules.extract_seeds.output.coordinates),
        metrics=lambda wildcards: of_admitted([rules.extract_voxels.output.metrics]),
        sidecars=lambda wildcards: of_admitted([rules.extract_seeds.output.sidecar]),
    output:
        table=f"{OVER_RUNS}/qcfc.tsv",
        sidecar=f"{OVER_RUNS}/qcfc.json",
        figure=[
            f"{OVER_RUNS}/qcfc.pdf",
            report(
                f"{OVER_RUNS}/qcfc.png",
                caption="../report/qcfc.rst",
                category=CATEGORIES["quality"],
                subcategory="all runs",
                labels={"figure": "QC-FC"},
            ),
        ],
    log:
        f"{RESULTS}/logs/measure_qcfc.log",
    benchmark:
        f"{RESULTS}/benchmarks/measure_qcfc.tsv"
    conda:
        "../../envs/quality.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: attempt * 1000,
        runtime=lambda wildcards, attempt: attempt * 30,
    params:
        labels=LABELS,
        modules=fingerprint.of_script("measure_qcfc.py"),
    message:
        "Measure QC-FC: which edges go with head motion over participants"
    script:
        "../scripts/measure_qcfc.py"


rule measure_agreement:
    input:
        maps=lambda wildcards: of_admitted(rules.fisher_z.output.maps),
        masks=lambda wildcards: of_admitted(rules.extract_seeds.output.mask),
        coordinates=lambda wildcards: of_admitted(rules.extract_seeds.output.coordinates),
        seed_voxels=lambda wildcards: of_admitted([rules.extract_seeds.output.voxels]),
        sidecars=lambda wildcards: of_admitted([rules.extract_seeds.output.sidecar]),
    output:
        **{
            f"{stat}_{kind}": NAMES.maps_of_study(stat, ending, LABELS)
            for stat in ("icc21", "icc31")
            for kind, ending in (("maps", "nii.gz"), ("sidecars", "json"))
        },
        table=f"{OVER_RUNS}/study_desc-agreement_table.tsv",
        sidecar=f"{OVER_RUNS}/study_desc-agreement_table.json",
        figure=[
            f"{OVER_RUNS}/study_desc-agreement_figure.pdf",
            report(
                f"{OVER_RUNS}/study_desc-agreement_figure.png",
                caption="../report/agreement.rst",
                category=CATEGORIES["quality"],
                subcategory="all runs",
                labels={"figure": "agreement"},
            ),
        ],
    log:
        f"{RESULTS}/logs/measure_agreement.log",
    benchmark:
        f"{RESULTS}/benchmarks/measure_agreement.tsv"
    conda:
        "../../envs/quality.yaml"
    resources:
        # A seed's maps of all runs at once, as for a subject's runs.
        mem_mb=lambda wildcards, attempt: attempt * DEMANDS.combined(len(RUNS)),
        runtime=lambda wildcards, attempt: attempt * (30 + len(LABELS)),
    params:
        runs=lambda wildcards: {run.split("/")[-1]: RUNS[run].labels for run in admitted()},
        labels=LABELS,
        smoothing=config["cleaning"]["smoothing_fwhm"],
        datasets=STUDY.datasets,
        modules=fingerprint.of_script("measure_agreement.py"),
    message:
        "Measure how alike maps are from run to run"
    script:
        "../scripts/measure_agreement.py"


rule write_methods:
    input:
        source=STUDY.source_file("dataset_description.json") or [],
        runs=lambda wildcards: of_admitted([rules.extract_seeds.output.sidecar]),
        entries=quality_of_runs,
        statistics=lambda wildcards: of_admitted([rules.correlate.output.metrics]),
        qcfc=over_many_subjects,
        # Not read: a text that says how each run was cleaned otherwise is written once each was.
        cleanings=lambda wildcards: (
            of_admitted([derived("table.tsv", desc="cleanings")]) if config["cleanings"] else []
        ),
    output:
        text=f"{OVER_RUNS}/methods.md",
        bibliography=f"{OVER_RUNS}/methods.bib",
        page=report(
            f"{PAGES}/methods.html",
            caption="../report/methods.rst",
            category=CATEGORIES["methods"],
            labels={"figure": "methods text"},
        ),
    log:
        f"{RESULTS}/logs/write_methods.log",
    benchmark:
        f"{RESULTS}/benchmarks/write_methods.tsv"
    localrule: True
    conda:
        "../../envs/pages.yaml"
    resources:
        mem_mb=500,
        runtime=10,
    params:
        configuration={
            **{key: config[key] for key in ("dataset", "cleaning", "statistics")},
            "maps": {
                key: config["maps"][key] for key in ("semipartial", "differences", "reliability")
            },
            "cleanings": {
                "does": STUDY.cleanings_in_words,
                "without_global_signal": STUDY.cleanings_without_global_signal,
            },
        },
        seeds=SEEDS,
        models=list(STUDY.groups.models),
        excluded=STUDY.excluded,
        version=VERSION,
        snakemake_version=snakemake_version,
        modules=fingerprint.of_script("write_methods.py"),
    message:
        "Write the methods text"
    script:
        "../scripts/write_methods.py"
