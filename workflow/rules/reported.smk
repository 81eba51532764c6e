# How figures stand in the report: categories, captions and columns.

from seed_to_voxel.study import figure_kinds

# The report sorts its categories by name: the numbers keep them in the order they are read.
CATEGORIES = {
    "overview": "1 Overview",
    "maps": "2 Maps",
    "series": "3 Time series",
    "quality": "4 Quality",
    "statistics": "5 Statistics",
    "groups": "6 Groups",
    "methods": "7 Methods",
}


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
