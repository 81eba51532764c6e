# What the rules of groups share: models and their tests, and which files belong to what.

from seed_to_voxel.study import groups

GROUPS = STUDY.groups
# A contrast of a model in one wildcard, since not every model has every contrast.
TESTS = {
    groups.test_name(model.name, contrast.name): (model, contrast)
    for model in GROUPS.models.values()
    for contrast in model.contrasts
}
INTERMEDIATE = f"{RESULTS}/groups"
# How far a seed reaches by smoothing alone; see `multiplicity.reach`.
SMOOTHING = {
    "fwhm": config["cleaning"]["smoothing_fwhm"],
    "seed_fwhm": config["cleaning"]["seed_smoothing_fwhm"],
}


def known_unit(wildcards):
    """The subject, or session of a subject, that a file belongs to."""
    return GROUPS.units[wildcards.unit]


def known_model(wildcards):
    """The model that a file belongs to."""
    return GROUPS.models[wildcards.model]


def listed(files):
    """The files of an output that is one or two."""
    return [files] if isinstance(files, str) else list(files)


def of_unit(pattern):
    """Files of the admitted runs of a unit."""
    return lambda wildcards: of_runs(admitted(known_unit(wildcards).runs), pattern)


def admitted_units():
    """Units of which a run goes on."""
    return [unit for unit in GROUPS.units.values() if admitted(unit.runs)]


def of_units(name):
    """Files of all units of which a run goes on."""
    patterns = listed(rules.combine_runs.output[name])
    return lambda wildcards: [
        pattern.format(unit=unit.name) for unit in admitted_units() for pattern in patterns
    ]


def runs_of_units():
    """Runs that go into subjects' maps."""
    return [run for unit in GROUPS.units.values() for run in admitted(unit.runs)]


def units_with_runs():
    """All units, with those of their runs that go on."""
    return [
        {
            "name": unit.name,
            "subject": unit.subject,
            "session": unit.session,
            "runs": admitted(unit.runs),
        }
        for unit in GROUPS.units.values()
    ]


def of_tests_model(pattern):
    """A file of the model that a test belongs to, or those of both hemispheres."""
    if not isinstance(pattern, str):
        return lambda wildcards: [of_tests_model(path)(wildcards) for path in pattern]
    return lambda wildcards: pattern.format(model=TESTS[wildcards.test][0].name)


def tests_of(joint):
    """Constraint of the tests by t, or by F."""
    chosen = [name for name, (_, contrast) in TESTS.items() if contrast.joint is joint]
    return "|".join(chosen) or "(?!)"


def corrected_with(wildcards):
    """Tests that one is corrected with: those of its model, by contrast, then those of other models where asked for."""
    model, _ = TESTS[wildcards.test]
    own = {
        groups.test_name(model.name, contrast.name): contrast.name for contrast in model.contrasts
    }
    others = TESTS if config["groups"]["correct_over"] == "models" else []
    return own | {test: test for test in others if test not in own}


def maxima_of_tests(wildcards):
    """The permutations of all tests that one is corrected with, test by test."""
    parts = range(1, config["groups"]["permutations"]["parts"] + 1) if GROUPS.permutes else []
    return [
        rules.permute_model.output.maxima.format(test=test, part=part)
        for test in corrected_with(wildcards)
        for part in parts
    ]


def figure_of_seed(name, kind, label):
    """Files of a figure of a seed of a contrast; the PNG goes into the report."""

    def columns(wildcards):
        return {"figure": name, "contrast": TESTS[wildcards.test][1].name, "seed": label}

    def model(wildcards):
        return f"model {TESTS[wildcards.test][0].name}"

    png = report(
        GROUPS.of_contrast("figure.png", seed=label, desc=kind),
        caption=f"../report/group_{kind}.rst",
        category=CATEGORIES["groups"],
        subcategory=model,
        labels=columns,
    )
    return [GROUPS.of_contrast("figure.pdf", seed=label, desc=kind), png]


def figures_of_seeds(name, kind):
    """Files of a figure of all seeds of a contrast."""
    return [path for label in LABELS for path in figure_of_seed(name, kind, label)]


def of_model_s_tests(patterns):
    """Files of all contrasts of a model, seed by seed; `patterns` may depend on whether F is tested."""

    def files(wildcards):
        return [
            path.format(test=groups.test_name(wildcards.model, contrast.name))
            for contrast in known_model(wildcards).contrasts
            for path in patterns(contrast)
        ]

    return files


def matrices_of(stats, ending):
    """Files of matrices of the seeds among themselves of a contrast, statistic by statistic."""
    return [
        GROUPS.of_contrast(f"relmat.{ending}", seg="seeds", stat=stat)
        for stat in GROUPS.related(stats)
    ]


MATRIX_SHOWN = report(
    GROUPS.of_contrast("relmat.png", seg="seeds"),
    caption="../report/group_relations.rst",
    category=CATEGORIES["groups"],
    subcategory=lambda wildcards: f"model {TESTS[wildcards.test][0].name}",
    labels=lambda wildcards: {
        "figure": "seeds among themselves",
        "contrast": TESTS[wildcards.test][1].name,
        "seed": "all",
    },
)


def unthresholded(ending):
    """Maps of all tests as they were fitted, test by test."""
    return lambda wildcards: [
        path.format(test=test)
        for test, (_, contrast) in TESTS.items()
        for path in GROUPS.maps(GROUPS.unthresholded(contrast), ending)
    ]


def sidecars_of_tests(wildcards):
    """What is said of a map of each test of a model, for its methods text."""
    pattern = GROUPS.maps([GROUPS.shown_by[0]], "json")[0]
    return [
        pattern.format(test=groups.test_name(wildcards.model, contrast.name))
        for contrast in known_model(wildcards).contrasts
    ]


def outputs_of_groups(wildcards):
    """A file of each job of groups, known once it is known which runs go on."""
    if not admitted_units():
        return []
    found = []
    for test, (_, contrast) in TESTS.items():
        fit = rules.fit_model_jointly if contrast.joint else rules.fit_model
        found += [
            path.format(test=test)
            for path in (
                fit.output.maps[0],
                rules.infer_model.output.clusters[0],
                rules.draw_model.output.mosaics[0],
                *([rules.relate_seeds_of_model.output.table] if len(LABELS) > 1 else []),
            )
        ]
    pages = [
        page.format(model=model)
        for page in (rules.show_model.output.page, rules.write_methods_of_model.output.page)
        for model in GROUPS.models
    ]
    if STUDY.in_mni or STUDY.on_fsaverage5:
        # The viewers have the template's brain and the cortex of fsaverage5.
        pages += [rules.view_model.output.page.format(model=model) for model in GROUPS.models]
    if STUDY.in_mni and TESTS:
        # NeuroVault's form takes volumes in MNI space.
        pages += [rules.export_neurovault.output.folder]
    return found + pages
