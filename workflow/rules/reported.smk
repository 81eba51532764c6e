# How figures stand in the report: categories, captions and columns.

from seed_to_voxel.study import figure_kinds

# The report sorts its categories by name: the numbers keep them in the order they are read.
CATEGORIES = {
    name: f"{number} {title}"
    for number, (name, title) in enumerate(
        (
            ("overview", "Overview"),
            ("maps", "Maps"),
            ("series", "Time series"),
            ("quality", "Quality"),
            ("statistics", "Statistics"),
            *((("groups", "Groups"),) if STUDY.groups.models else ()),
            *((("paper", "Paper"),) if STUDY.paper else ()),
            ("methods", "Methods"),
        ),
        start=1,
    )
}
# Rules of what is not asked for are read too.
CATEGORIES = {"groups": "Groups", "paper": "Paper", **CATEGORIES}


def figure(caption, category, name, suffix, seed=None, **entities):
    """Files of a figure of a run; its PNG goes into the report."""

    def columns(wildcards):
        run = {key: value for key, value in run_labels(wildcards).items() if key != "space"}
        return {**run, **({"seed": seed} if seed else {}), "figure": name}

    entities = {"seed": seed, **entities} if seed else entities
    flagged = report(
        derived(f"{suffix}.png", **entities),
        caption=f"../report/{caption}.rst",
        category=CATEGORIES[category],
        subcategory=f"{seed} seed" if seed else "all seeds",
        labels=columns,
    )
    return [derived(f"{suffix}.pdf", **entities), flagged]


def further_figure(kind, seed):
    """Files of a further figure of a run's map, its table last if it has one."""
    about = figure_kinds.KINDS[kind]
    files = figure(kind, about.category, about.name, "figure", seed, desc=kind)
    return [*files, derived("table.tsv", seed=seed, desc=kind)] if about.table else files
