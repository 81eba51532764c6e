# What the rules of the paper share: what it asks for, and whether its runs go on.

MANUSCRIPT = STUDY.paper
PAPER = f"{RESULTS}/paper"


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


def paper_of_study(wildcards):
    """The paper for the target rule; where one of its runs was refused, the study is made without."""
    return list(rules.show_paper.output) if MANUSCRIPT and not without_paper(is_admitted) else []
