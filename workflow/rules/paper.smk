# The paper: figures of several panels, tables and numbers, and a page that shows them.


wildcard_constraints:
    figure="[a-zA-Z0-9]+",
    table="[a-zA-Z0-9]+",


rule draw_paper_figure:
    input:
        unpack(lambda wildcards: of_paper(MANUSCRIPT.figures[wildcards.figure])),
    output:
        figures=[f"{PAPER}/figures/{{figure}}.{ending}" for ending in MANUSCRIPT.look["formats"]],
        about=f"{PAPER}/page/{{figure}}.json",
        preview=f"{PAPER}/page/{{figure}}.png",
    log:
        f"{RESULTS}/logs/draw_paper_figure/{{figure}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/draw_paper_figure/{{figure}}.tsv"
    wildcard_constraints:
        figure="|".join(MANUSCRIPT.figures) or "(?!)",
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: attempt * 2000,
        runtime=lambda wildcards, attempt: attempt * 15,
    params:
        # Of the options of maps those alone that the figure's panels use, so that others draw it not again.
        figure=lambda wildcards: {
            key: value
            for key, value in MANUSCRIPT.figures[wildcards.figure].described.items()
            if key not in ("caption", "title", "number")
        },
        look=MANUSCRIPT.look,
        modules=fingerprint.of_script("draw_paper_figure.py"),
    message:
        "Draw the figure {wildcards.figure} of the paper"
    script:
        "../scripts/draw_paper_figure.py"


rule print_paper_table:
    input:
        table=lambda wildcards: of_paper(MANUSCRIPT.tables[wildcards.table])["table"],
    output:
        latex=f"{PAPER}/tables/{{table}}.tex",
        html=f"{PAPER}/tables/{{table}}.html",
        tsv=f"{PAPER}/tables/{{table}}.tsv",
    log:
        f"{RESULTS}/logs/print_paper_table/{{table}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/print_paper_table/{{table}}.tsv"
    wildcard_constraints:
        table="|".join(MANUSCRIPT.tables) or "(?!)",
    localrule: True
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        table=lambda wildcards: MANUSCRIPT.tables[wildcards.table].described,
        modules=fingerprint.of_script("print_paper_table.py"),
    message:
        "Print the table {wildcards.table} of the paper"
    script:
        "../scripts/print_paper_table.py"


rule write_paper_numbers:
    input:
        lambda wildcards: sorted(
            {path for number in MANUSCRIPT.numbers if of_paper(number) for path in number.paths}
        ),
    output:
        latex=f"{PAPER}/numbers.tex",
        json=f"{PAPER}/numbers.json",
    log:
        f"{RESULTS}/logs/write_paper_numbers.log",
    benchmark:
        f"{RESULTS}/benchmarks/write_paper_numbers.tsv"
    localrule: True
    conda:
        "../../envs/viewers.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        asked=[number.described for number in MANUSCRIPT.numbers],
        files=[number.files for number in MANUSCRIPT.numbers],
        version=VERSION,
        modules=fingerprint.of_script("write_paper_numbers.py"),
    message:
        "Write the numbers of the paper"
    script:
        "../scripts/write_paper_numbers.py"


rule show_paper:
    input:
        about=[f"{PAPER}/page/{name}.json" for name in MANUSCRIPT.figures],
        pictures=[f"{PAPER}/page/{name}.png" for name in MANUSCRIPT.figures],
        tables=[f"{PAPER}/tables/{name}.tsv" for name in MANUSCRIPT.tables],
        numbers=rules.write_paper_numbers.output.json,
    output:
        latex=f"{PAPER}/figures.tex",
        markdown=f"{PAPER}/captions.md",
        html=report(
            f"{PAPER}/index.html",
            caption="../report/paper.rst",
            category=CATEGORIES["paper"],
            labels={"figure": "figures, tables and numbers of the paper"},
        ),
    log:
        f"{RESULTS}/logs/show_paper.log",
    benchmark:
        f"{RESULTS}/benchmarks/show_paper.tsv"
    localrule: True
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        figures=[figure.described for figure in MANUSCRIPT.figures.values()],
        tables=[table.described for table in MANUSCRIPT.tables.values()],
        formats=MANUSCRIPT.look["formats"],
        modules=fingerprint.of_script("show_paper.py"),
    message:
        "Show the paper on a page"
    script:
        "../scripts/show_paper.py"


# For whoever wants nothing else.
rule paper:
    input:
        files_of_paper() if MANUSCRIPT else [],
    message:
        (
            f"The paper is in {RESULTS_SHOWN}/paper"
            if MANUSCRIPT
            else "Nothing was made: the config has no figures, tables or numbers in paper"
        )
