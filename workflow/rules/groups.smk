# From runs to subjects to groups: one job a subject, then a few a model, and a few for each of its contrasts.


wildcard_constraints:
    unit=groups.UNIT_PATTERN,
    model="[a-zA-Z0-9]+",
    test="[a-zA-Z0-9]+_contrast-[a-zA-Z0-9]+",
    part="[0-9]+",


rule combine_runs:
    input:
        z_maps=of_unit(rules.fisher_z.output.maps),
        nu_maps=of_unit(rules.correlate.output.nu_maps),
        masks=of_unit(listed(rules.extract_seeds.output.mask)),
        pairs=of_unit([derived("pairs.tsv", seg="seeds")]) if len(LABELS) > 1 else [],
    output:
        effect=GROUPS.images_of_subject("effect"),
        variance=GROUPS.images_of_subject("variance"),
        q=GROUPS.images_of_subject("q"),
        i2=GROUPS.images_of_subject("i2"),
        sidecar=GROUPS.subject("effect", "json"),
        matrix=(
            [
                f"{GROUPS.folder}/{{unit}}_seg-seeds_stat-fisherz_relmat.{ending}"
                for ending in ("tsv", "json")
            ]
            if len(LABELS) > 1
            else []
        ),
    log:
        log_of("combine_runs", "unit"),
    benchmark:
        benchmark_of("combine_runs", "unit")
    conda:
        "../../envs/groups.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: attempt
        * DEMANDS.combined(len(known_unit(wildcards).runs)),
        runtime=lambda wildcards, attempt: attempt * (5 + len(LABELS)),
    params:
        runs=lambda wildcards: admitted(known_unit(wildcards).runs),
        unit=lambda wildcards: {
            name: getattr(known_unit(wildcards), name) for name in ("name", "subject", "session")
        },
        labels=LABELS,
        resample=lookup(within=config, dpath="groups/resample"),
        apart=lookup(within=config, dpath="groups/apart"),
        datasets=STUDY.datasets,
        modules=fingerprint.of_script("combine_runs.py"),
    message:
        "Combine the runs of {wildcards.unit}"
    script:
        "../scripts/combine_runs.py"


rule make_design:
    input:
        metrics=lambda wildcards: of_runs(runs_of_units(), [rules.extract_voxels.output.metrics]),
        statistics=lambda wildcards: of_runs(runs_of_units(), [rules.correlate.output.metrics]),
        participants=GROUPS.participants or [],
    output:
        table=GROUPS.of_model("design.tsv"),
        sidecar=GROUPS.of_model("design.json"),
        left_out=GROUPS.of_model("table.tsv", desc="leftout"),
        left_out_sidecar=GROUPS.of_model("table.json", desc="leftout"),
        figure=[
            GROUPS.of_model("figure.pdf", desc="design"),
            report(
                GROUPS.of_model("figure.png", desc="design"),
                caption="../report/design.rst",
                category=CATEGORIES["groups"],
                subcategory="model {model}",
                labels={"figure": "design", "contrast": "all", "seed": "all"},
            ),
        ],
    log:
        log_of("make_design", "model"),
    benchmark:
        benchmark_of("make_design", "model")
    conda:
        "../../envs/groups.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: attempt * 1500,
        runtime=lambda wildcards, attempt: attempt * 10,
    params:
        model=lambda wildcards: known_model(wildcards).described,
        units=lambda wildcards: units_with_runs(),
        excluded=groups.excluded_units(STUDY.excluded, GROUPS.units, GROUPS.options),
        runs=lambda wildcards: runs_of_units(),
        datasets=STUDY.datasets,
        modules=fingerprint.of_script("make_design.py"),
    message:
        "Make the design of the model {wildcards.model}"
    script:
        "../scripts/make_design.py"


rule gather_subjects:
    input:
        design=rules.make_design.output.table,
        design_sidecar=rules.make_design.output.sidecar,
        effects=of_units("effect"),
        variances=of_units("variance"),
        sidecars=of_units("sidecar"),
    output:
        data=f"{INTERMEDIATE}/model-{{model}}_fisherz.npy",
        mask=GROUPS.image_of_model("mask", desc="group"),
        mask_sidecar=GROUPS.of_model("mask.json", desc="group"),
        coverage=GROUPS.image_of_model("statmap", stat="coverage"),
        coverage_sidecar=GROUPS.of_model("statmap.json", stat="coverage"),
        runs=GROUPS.of_model("table.tsv", desc="runs"),
        runs_sidecar=GROUPS.of_model("table.json", desc="runs"),
    log:
        log_of("gather_subjects", "model"),
    benchmark:
        benchmark_of("gather_subjects", "model")
    conda:
        "../../envs/groups.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: attempt * DEMANDS.gathered(len(GROUPS.units)),
        runtime=lambda wildcards, attempt: attempt * (10 + len(GROUPS.units) // 10),
    params:
        units=lambda wildcards: [unit.name for unit in admitted_units()],
        resample=lookup(within=config, dpath="groups/resample"),
        mask_coverage=lookup(within=config, dpath="groups/mask_coverage"),
        datasets=STUDY.datasets,
        modules=fingerprint.of_script("gather_subjects.py"),
    message:
        "Gather the subjects of the model {wildcards.model}"
    script:
        "../scripts/gather_subjects.py"


rule mark_seeds_of_model:
    input:
        design=rules.make_design.output.table,
        design_sidecar=rules.make_design.output.sidecar,
        mask=rules.gather_subjects.output.mask,
        seed_voxels=lambda wildcards: of_runs(runs_of_units(), [rules.extract_seeds.output.voxels]),
        # Where all runs are on one grid, it is that of the model's mask.
        masks=lambda wildcards: (
            of_runs(runs_of_units(), [rules.extract_seeds.output.mask])
            if config["groups"]["resample"] and not ON_SURFACE
            else []
        ),
        meshes=STUDY.mesh_files,
    output:
        near=f"{INTERMEDIATE}/model-{{model}}_nearseeds.npy",
    log:
        log_of("mark_seeds_of_model", "model"),
    benchmark:
        benchmark_of("mark_seeds_of_model", "model")
    conda:
        "../../envs/groups.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: attempt * 1500,
        runtime=lambda wildcards, attempt: attempt * (10 + len(GROUPS.units) // 100),
    params:
        units=lambda wildcards: units_with_runs(),
        runs=lambda wildcards: runs_of_units(),
        labels=LABELS,
        smoothing=SMOOTHING,
        surfaces=STUDY.surfaces,
        modules=fingerprint.of_script("mark_seeds_of_model.py"),
    message:
        "Mark what lies near the seeds of the model {wildcards.model}"
    script:
        "../scripts/mark_seeds_of_model.py"


rule fit_model:
    input:
        data=of_tests_model(rules.gather_subjects.output.data),
        near=of_tests_model(rules.mark_seeds_of_model.output.near),
        mask=of_tests_model(rules.gather_subjects.output.mask),
        design=of_tests_model(rules.make_design.output.table),
        design_sidecar=of_tests_model(rules.make_design.output.sidecar),
    output:
        maps=GROUPS.maps(groups.FITTED_T, "nii.gz"),
        sidecars=GROUPS.maps(groups.FITTED_T, "json"),
    log:
        f"{RESULTS}/logs/fit_model/model-{{test}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/fit_model/model-{{test}}.tsv"
    wildcard_constraints:
        test=tests_of(joint=False),
    conda:
        "../../envs/groups.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: attempt * DEMANDS.fitted(len(GROUPS.units)),
        runtime=lambda wildcards, attempt: attempt * (10 + 2 * len(LABELS)),
    params:
        contrast=lambda wildcards: TESTS[wildcards.test][1].described,
        stats=groups.FITTED_T,
        seeds=SEEDS,
        options=lookup(within=config, dpath="statistics"),
        smoothing=SMOOTHING,
        permuted=GROUPS.permutes,
        datasets=STUDY.datasets,
        modules=fingerprint.of_script("fit_model.py"),
    message:
        "Fit the model {wildcards.test}"
    script:
        "../scripts/fit_model.py"


use rule fit_model as fit_model_jointly with:
    output:
        maps=GROUPS.maps(groups.FITTED_F, "nii.gz"),
        sidecars=GROUPS.maps(groups.FITTED_F, "json"),
    log:
        f"{RESULTS}/logs/fit_model_jointly/model-{{test}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/fit_model_jointly/model-{{test}}.tsv"
    wildcard_constraints:
        test=tests_of(joint=True),
    params:
        contrast=lambda wildcards: TESTS[wildcards.test][1].described,
        stats=groups.FITTED_F,
        seeds=SEEDS,
        options=lookup(within=config, dpath="statistics"),
        smoothing=SMOOTHING,
        permuted=GROUPS.permutes,
        datasets=STUDY.datasets,
        modules=fingerprint.of_script("fit_model.py"),


rule permute_model:
    input:
        data=of_tests_model(rules.gather_subjects.output.data),
        mask=of_tests_model(rules.gather_subjects.output.mask),
        design=of_tests_model(rules.make_design.output.table),
        design_sidecar=of_tests_model(rules.make_design.output.sidecar),
        meshes=STUDY.mesh_files,
    output:
        maxima=f"{INTERMEDIATE}/model-{{test}}_part-{{part}}_maxima.npz",
    log:
        f"{RESULTS}/logs/permute_model/model-{{test}}_part-{{part}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/permute_model/model-{{test}}_part-{{part}}.tsv"
    conda:
        "../../envs/groups.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: attempt * DEMANDS.permuted(len(GROUPS.units)),
        runtime=lambda wildcards, attempt: attempt * 240,
    params:
        contrast=lambda wildcards: TESTS[wildcards.test][1].described,
        labels=LABELS,
        options={name: config["groups"][name] for name in ("permutations", "clusters", "tfce")},
        measures=GROUPS.measures,
        surfaces=STUDY.surfaces,
        modules=fingerprint.of_script("permute_model.py"),
    message:
        "Permute the model {wildcards.test}, part {wildcards.part}"
    script:
        "../scripts/permute_model.py"


rule infer_model:
    input:
        data=of_tests_model(rules.gather_subjects.output.data),
        mask=of_tests_model(rules.gather_subjects.output.mask),
        design=of_tests_model(rules.make_design.output.table),
        design_sidecar=of_tests_model(rules.make_design.output.sidecar),
        maxima=maxima_of_tests,
        meshes=STUDY.mesh_files,
        atlas=STUDY.atlas_files,
    output:
        maps=GROUPS.maps(GROUPS.inferred, "nii.gz"),
        sidecars=GROUPS.maps(GROUPS.inferred, "json"),
        clusters=GROUPS.of_seeds("table.tsv", desc="clusters"),
        cluster_sidecars=GROUPS.of_seeds("table.json", desc="clusters"),
    log:
        f"{RESULTS}/logs/infer_model/model-{{test}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/infer_model/model-{{test}}.tsv"
    conda:
        "../../envs/groups.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: attempt * DEMANDS.fitted(len(GROUPS.units)),
        runtime=lambda wildcards, attempt: attempt * (10 + 2 * len(LABELS)),
    params:
        contrast=lambda wildcards: TESTS[wildcards.test][1].described,
        contrasts=lambda wildcards: [
            contrast.described for contrast in TESTS[wildcards.test][0].contrasts
        ],
        corrected_with=lambda wildcards: list(corrected_with(wildcards).values()),
        n_models=lambda wildcards: len({TESTS[test][0].name for test in corrected_with(wildcards)}),
        seeds=SEEDS,
        stats=GROUPS.inferred,
        options={
            name: config["groups"][name]
            for name in ("permutations", "clusters", "tfce", "correct_over")
        },
        measures=GROUPS.measures,
        in_mni=STUDY.in_mni or ON_SURFACE,
        surfaces=STUDY.surfaces,
        datasets=STUDY.datasets,
        modules=fingerprint.of_script("infer_model.py"),
    message:
        "Infer what holds of the model {wildcards.test}"
    script:
        "../scripts/infer_model.py"


RELATED = dict(
    runs=lambda wildcards: runs_of_units(),
    units=lambda wildcards: units_with_runs(),
    contrast=lambda wildcards: TESTS[wildcards.test][1].described,
    options={"permutations": config["groups"]["permutations"]},
    by_yekutieli=config["statistics"]["fdr"] == "benjamini_yekutieli",
    permutes=GROUPS.permutes,
    look={"level": config["groups"]["level"], "cmap": config["maps"]["cmap"]},
    datasets=STUDY.datasets,
)


rule relate_seeds_of_model:
    input:
        design=of_tests_model(rules.make_design.output.table),
        design_sidecar=of_tests_model(rules.make_design.output.sidecar),
        pairs=lambda wildcards: of_runs(runs_of_units(), [derived("pairs.tsv", seg="seeds")]),
    output:
        table=GROUPS.of_contrast("pairs.tsv", seg="seeds"),
        sidecar=GROUPS.of_contrast("pairs.json", seg="seeds"),
        matrices=matrices_of(groups.RELATED_T, "tsv"),
        matrix_sidecars=matrices_of(groups.RELATED_T, "json"),
        figure=[GROUPS.of_contrast("relmat.pdf", seg="seeds"), MATRIX_SHOWN],
    log:
        f"{RESULTS}/logs/relate_seeds_of_model/model-{{test}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/relate_seeds_of_model/model-{{test}}.tsv"
    wildcard_constraints:
        test=tests_of(joint=False),
    conda:
        "../../envs/groups.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: attempt * 1500,
        runtime=lambda wildcards, attempt: attempt * 30,
    params:
        **RELATED,
        stats=GROUPS.related(groups.RELATED_T),
        modules=fingerprint.of_script("relate_seeds_of_model.py"),
    message:
        "Test the model {wildcards.test} on the seeds among themselves"
    script:
        "../scripts/relate_seeds_of_model.py"


use rule relate_seeds_of_model as relate_seeds_of_model_jointly with:
    output:
        table=GROUPS.of_contrast("pairs.tsv", seg="seeds"),
        sidecar=GROUPS.of_contrast("pairs.json", seg="seeds"),
        matrices=matrices_of(groups.RELATED_F, "tsv"),
        matrix_sidecars=matrices_of(groups.RELATED_F, "json"),
        figure=[GROUPS.of_contrast("relmat.pdf", seg="seeds"), MATRIX_SHOWN],
    log:
        f"{RESULTS}/logs/relate_seeds_of_model_jointly/model-{{test}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/relate_seeds_of_model_jointly/model-{{test}}.tsv"
    wildcard_constraints:
        test=tests_of(joint=True),
    params:
        **RELATED,
        stats=GROUPS.related(groups.RELATED_F),
        modules=fingerprint.of_script("relate_seeds_of_model.py"),


rule draw_model:
    input:
        effects=lambda wildcards: [
            path.format(test=wildcards.test)
            for path in GROUPS.maps_of("F" if TESTS[wildcards.test][1].joint else "effect")
        ],
        z_maps=GROUPS.maps_of("z"),
        p_maps=GROUPS.maps_of(GROUPS.shown_by[0]),
        p_sidecars=GROUPS.maps([GROUPS.shown_by[0]], "json"),
        mask=of_tests_model(rules.gather_subjects.output.mask),
        meshes=STUDY.mesh_files,
    output:
        mosaics=figures_of_seeds("map", "mosaic"),
        highlights=figures_of_seeds("map, highlighted", "highlight"),
    log:
        f"{RESULTS}/logs/draw_model/model-{{test}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/draw_model/model-{{test}}.tsv"
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: attempt * 1500,
        runtime=lambda wildcards, attempt: attempt * (10 + len(LABELS)),
    params:
        of_p=GROUPS.shown_by[1],
        level=lookup(within=config, dpath="groups/level"),
        joint=lambda wildcards: TESTS[wildcards.test][1].joint,
        seeds=SEEDS,
        titles=lambda wildcards: {
            "model": f"Model {TESTS[wildcards.test][0].name}",
            "contrast": TESTS[wildcards.test][1].name,
        },
        cmap=lookup(within=config, dpath="maps/cmap"),
        in_mni=STUDY.in_mni,
        surfaces=STUDY.surfaces,
        modules=fingerprint.of_script("draw_model.py"),
    message:
        "Draw the maps of the model {wildcards.test}"
    script:
        "../scripts/draw_model.py"


rule show_model:
    input:
        design=rules.make_design.output.sidecar,
        left_out=rules.make_design.output.left_out,
        picture=GROUPS.of_model("figure.png", desc="design"),
        runs=rules.gather_subjects.output.runs,
        mask=rules.gather_subjects.output.mask_sidecar,
        sidecars=of_model_s_tests(lambda contrast: GROUPS.maps([GROUPS.shown_by[0]], "json")),
        figures=of_model_s_tests(lambda contrast: GROUPS.of_seeds("figure.png", desc="highlight")),
        clusters=of_model_s_tests(lambda contrast: GROUPS.of_seeds("table.tsv", desc="clusters")),
        pairs=of_model_s_tests(
            lambda contrast: [rules.relate_seeds_of_model.output.table] if len(LABELS) > 1 else []
        ),
        related=of_model_s_tests(
            lambda contrast: (
                [GROUPS.of_contrast("relmat.png", seg="seeds")] if len(LABELS) > 1 else []
            )
        ),
    output:
        page=report(
            f"{PAGES}/model-{{model}}.html",
            caption="../report/group_model.rst",
            category=CATEGORIES["groups"],
            subcategory="all models",
            labels={"figure": "model {model}", "contrast": "all", "seed": "all"},
        ),
    log:
        log_of("show_model", "model"),
    benchmark:
        benchmark_of("show_model", "model")
    localrule: True
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=500,
        runtime=10,
    params:
        labels=LABELS,
        level=lookup(within=config, dpath="groups/level"),
        modules=fingerprint.of_script("show_model.py"),
    message:
        "Show the model {wildcards.model} on a page"
    script:
        "../scripts/show_model.py"


rule write_methods_of_model:
    input:
        design=rules.make_design.output.sidecar,
        tests=sidecars_of_tests,
    output:
        text=GROUPS.of_model("methods.md"),
        bibliography=GROUPS.of_model("methods.bib"),
        page=report(
            f"{PAGES}/model-{{model}}_methods.html",
            caption="../report/group_methods.rst",
            category=CATEGORIES["methods"],
            labels={"figure": "methods text of model {model}"},
        ),
    log:
        log_of("write_methods_of_model", "model"),
    benchmark:
        benchmark_of("write_methods_of_model", "model")
    localrule: True
    conda:
        "../../envs/pages.yaml"
    resources:
        mem_mb=500,
        runtime=10,
    params:
        options={
            name: config["groups"][name]
            for name in (
                "sessions",
                "mask_coverage",
                "clusters",
                "tfce",
                "correct_over",
                "level",
            )
        },
        fdr=lookup(within=config, dpath="statistics/fdr"),
        places=STUDY.places,
        modules=fingerprint.of_script("write_methods_of_model.py"),
    message:
        "Write the methods text of the model {wildcards.model}"
    script:
        "../scripts/write_methods_of_model.py"


rule view_model:
    input:
        maps=of_model_s_tests(lambda contrast: GROUPS.maps_of("z")),
    output:
        page=report(
            f"{PAGES}/model-{{model}}_viewer.html",
            caption="../report/group_viewer.rst",
            category=CATEGORIES["groups"],
            subcategory="all models",
            labels={"figure": "viewer of model {model}", "contrast": "all", "seed": "all"},
        ),
    log:
        log_of("view_model", "model"),
    benchmark:
        benchmark_of("view_model", "model")
    conda:
        "../../envs/viewers.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: attempt * 2000,
        runtime=lambda wildcards, attempt: attempt * 15,
    params:
        names=lambda wildcards: [
            f"{contrast.name} – {label}"
            for contrast in known_model(wildcards).contrasts
            for label in LABELS
        ],
        seeds=lambda wildcards: SEEDS * len(known_model(wildcards).contrasts),
        cmap=lookup(within=config, dpath="maps/cmap"),
        on_surface=ON_SURFACE,
        modules=fingerprint.of_script("view_model.py"),
    message:
        "Make the viewer of the model {wildcards.model}"
    script:
        "../scripts/view_model.py"


rule export_neurovault:
    input:
        maps=unthresholded("nii.gz"),
        sidecars=unthresholded("json"),
    output:
        folder=directory(f"{RESULTS}/neurovault"),
    log:
        f"{RESULTS}/logs/export_neurovault.log",
    benchmark:
        f"{RESULTS}/benchmarks/export_neurovault.tsv"
    localrule: True
    conda:
        "../../envs/connectivity.yaml"
    resources:
        mem_mb=500,
        runtime=10,
    params:
        stats=[
            stat
            for _, contrast in TESTS.values()
            for _ in LABELS
            for stat in GROUPS.unthresholded(contrast)
        ],
        task=GROUPS.label_of_runs(RUNS, "task"),
        space=GROUPS.label_of_runs(RUNS, "space"),
        fwhm=lookup(within=config, dpath="cleaning/smoothing_fwhm"),
        title="Seed-to-voxel maps of groups",
        modules=fingerprint.of_script("export_neurovault.py"),
    message:
        "Lay the maps of groups out for NeuroVault"
    script:
        "../scripts/export_neurovault.py"


# For whoever wants nothing else: figures of the runs are not drawn.
rule groups:
    input:
        outputs_of_groups,
    message:
        f"All results of groups are in {GROUPS.folder}"
