# The description of the derivatives, and the comparison with printed numbers.


rule describe_derivatives:
    input:
        source=STUDY.source_file("dataset_description.json") or [],
    output:
        description=f"{DERIVATIVES}/dataset_description.json",
        bidsignore=f"{DERIVATIVES}/.bidsignore",
        readme=f"{DERIVATIVES}/README.md",
    log:
        f"{RESULTS}/logs/describe_derivatives.log",
    benchmark:
        f"{RESULTS}/benchmarks/describe_derivatives.tsv"
    localrule: True
    conda:
        "../../envs/connectivity.yaml"
    resources:
        mem_mb=200,
        runtime=5,
    params:
        version=VERSION,
        dataset=lookup(within=config, dpath="dataset/kind"),
        datasets=STUDY.datasets,
        declared=STUDY.declared,
        listed=STUDY.listed,
        modules=fingerprint.of_script("describe_derivatives.py"),
    message:
        "Describe the derivatives"
    script:
        "../scripts/describe_derivatives.py"


rule compare_printed_numbers:
    input:
        printed=config["printed_numbers"] or [],
        # Functions: lists of all runs' files would be made even where nothing is compared.
        r=lambda wildcards: of_admitted(rules.correlate.output.sidecars),
        z=lambda wildcards: of_admitted(rules.fisher_z.output.sidecars),
        r_maps=lambda wildcards: of_admitted(rules.correlate.output.maps),
        z_maps=lambda wildcards: of_admitted(rules.fisher_z.output.maps),
        files=STUDY.printed_files,
        meshes=STUDY.mesh_files,
    output:
        table=f"{PAGES}/printed_numbers.tsv",
        page=report(
            f"{PAGES}/printed_numbers.html",
            caption="../report/printed_numbers.rst",
            category=CATEGORIES["statistics"],
            labels={"figure": "printed and computed numbers"},
        ),
    log:
        f"{RESULTS}/logs/compare_printed_numbers.log",
    benchmark:
        f"{RESULTS}/benchmarks/compare_printed_numbers.tsv"
    localrule: True
    conda:
        "../../envs/viewers.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        compared=lambda wildcards: [
            (RUNS[run].subject, label) for run in admitted() for label in LABELS
        ],
        surfaces=STUDY.surfaces,
        modules=fingerprint.of_script("compare_printed_numbers.py"),
    message:
        "Compare the results with the printed numbers"
    script:
        "../scripts/compare_printed_numbers.py"


# Only for whoever asks for it, and then each time: it has no output, and no benchmark, which would be one. What it would
# remove is listed when the workflow ends.
rule remove_leftovers:
    log:
        f"{RESULTS}/logs/remove_leftovers.log",
    localrule: True
    conda:
        "../../envs/connectivity.yaml"
    resources:
        mem_mb=200,
        runtime=5,
    params:
        paths=lambda wildcards: STUDY.left().removable,
        listed=NAMES.checksums,
        modules=fingerprint.of_script("remove_leftovers.py"),
    message:
        "Remove results that the table of seeds and the config do not ask for"
    script:
        "../scripts/remove_leftovers.py"
