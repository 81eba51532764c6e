"""Captions of figures, from templates."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence
from typing import Any

from ..base.errors import InputError
from .latex import escape


def caption(figure: Mapping[str, Any], sentences: Mapping[str, str], numbers: Mapping[str, str]) -> str:
    """The caption of a figure.

    Parameters
    ----------
    figure : dict
        From `study.paper`, with its ``caption``: a template, in which ``{A}`` stands for what the panel A shows and
        ``{PCCpeakR}`` for the number of that name; None for all panels in turn.
    sentences : dict of str to str
        What each panel shows.
    numbers : dict of str to str
        As the text prints them.

    Returns
    -------
    str

    Raises
    ------
    InputError
        If a placeholder stands for nothing.
    """
    template = figure["caption"]
    if template is None:
        shown = [f"({letter.lower()}) {said}" for letter, said in sorted(sentences.items()) if said]
        return signed(" ".join(shown if len(sentences) > 1 else [said for said in sentences.values() if said]))
    where = f"paper.figures: figure {figure['name']}: caption"
    known = {**numbers, **sentences}
    try:
        asked = [name for _, name, _, _ in string.Formatter().parse(template) if name is not None]
    except ValueError as error:
        raise InputError(f"{where}: {error}; write {{{{ and }}}} for braces that are meant") from None
    for name in asked:
        if name not in known:
            raise InputError(
                f"{where}: {{{name}}} stands for nothing; expected the letter of a panel or the name of a number: "
                f"{', '.join(known)}"
            )
    return signed(template.format(**known))


def signed(text: str) -> str:
    """A text with minus signs before its negative numbers, where hyphens are."""
    return re.sub(r"(?<![\w.-])-(?=\d)", "−", text)


ONE_COLUMN = 100
"""mm: a figure that is wider spans the columns of a page that has two."""

FOLDER = r"""%% Where the results lie, as seen from the main document; define it before, where that lies elsewhere.
\providecommand{\seedtovoxel}{%s}

"""
"""The head of the file: LaTeX looks for pictures from the main document's folder, and not from this file's."""


def as_latex(figures: Sequence[Mapping[str, Any]], captions: Sequence[str], ending: str, folder: str) -> str:
    r"""Figures as floats with their captions, to be put into a manuscript by ``\input{results/paper/figures.tex}``.

    Parameters
    ----------
    figures : sequence of dict
        From `study.paper`.
    captions : sequence of str
    ending : str
        Of the files that are included.
    folder : str
        Of the paper, as seen from the study's; a manuscript elsewhere says its own by ``\newcommand{\seedtovoxel}``.

    Returns
    -------
    str
    """
    floats = []
    for figure, text in zip(figures, captions, strict=True):
        title = f"\\textbf{{{escape(figure['title'])}.}} " if figure["title"] else ""
        kind = "figure*" if figure["width"] > ONE_COLUMN else "figure"
        file = f"\\seedtovoxel/figures/{figure['name']}.{ending}"
        floats.append(
            f"\\begin{{{kind}}}[tbp]\n  \\centering\n"
            f"  \\includegraphics[width={figure['width']:g}mm]{{{file}}}\n"
            f"  \\caption{{{title}{escape(text)}}}\n  \\label{{fig:{figure['name']}}}\n\\end{{{kind}}}\n"
        )
    return FOLDER % folder + "\n".join(floats)


def as_markdown(figures: Sequence[Mapping[str, Any]], captions: Sequence[str]) -> str:
    """Captions as plain text, a paragraph each.

    Parameters
    ----------
    figures : sequence of dict
    captions : sequence of str

    Returns
    -------
    str
    """
    paragraphs = []
    for figure, text in zip(figures, captions, strict=True):
        title = f"{figure['title']}. " if figure["title"] else ""
        paragraphs.append(f"**Figure {figure['number']}.** {title}{text}\n")
    return "\n".join(paragraphs)
