# What the rules of the paper share: what it asks for, and whether its runs go on.

MANUSCRIPT = STUDY.paper
PAPER = NAMES.paper


def of_paper(asked):
    """Files of a figure, table or number of the paper, all of whose runs go on."""
    try:
        return asked.checked(is_admitted)
    except InputError as error:
        raise WorkflowError(str(error)) from None


def without_paper(is_admitted):
    """Why there is no paper, a sentence; None where there can be one."""
    try:
        for asked in MANUSCRIPT:
            asked.checked(is_admitted)
    except InputError as error:
        return f"{error}. The paper is not made."


def files_of_paper():
    """All that the paper is, so that one of its files that was deleted is made again."""
    return [
        *expand(rules.draw_paper_figure.output, figure=MANUSCRIPT.figures),
        *expand(rules.print_paper_table.output, table=MANUSCRIPT.tables),
        *rules.write_paper_numbers.output,
        *rules.show_paper.output,
    ]


def paper_of_study(wildcards):
    """The paper for the target rule; where one of its runs was refused, the study is made without."""
    return files_of_paper() if MANUSCRIPT and not without_paper(is_admitted) else []
