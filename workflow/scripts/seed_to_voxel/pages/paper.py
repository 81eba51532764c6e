"""The page that shows a paper's figures, tables and numbers."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .page import render

FILES = ("paper.html.j2",)


def as_page(
    figures: Sequence[Mapping[str, Any]],
    captions: Sequence[str],
    pictures: Sequence[str],
    tables: Sequence[tuple[Mapping[str, Any], Sequence[str], Sequence[Sequence[str]]]],
    numbers: Sequence[Mapping[str, str]],
    formats: Sequence[str],
) -> str:
    """The paper on one page.

    Parameters
    ----------
    figures : sequence of dict
        From `study.paper`.
    captions : sequence of str
    pictures : sequence of str
        Small PNG files of the figures.
    tables : sequence of (dict, header, rows)
    numbers : sequence of dict of str to str
        ``macro``, ``text``, ``quantity`` and ``from`` of each.
    formats : sequence of str
        Of the figures' files.

    Returns
    -------
    str
        A self-contained HTML page.
    """
    shown = [
        {
            **figure,
            "height": sum(figure["heights"]),
            "text": text,
            "picture": f"data:image/png;base64,{base64.b64encode(Path(picture).read_bytes()).decode()}",
        }
        for figure, text, picture in zip(figures, captions, pictures, strict=True)
    ]
    return render(
        "paper.html.j2",
        FILES,
        figures=shown,
        tables=[{**table, "header": header, "cells": rows} for table, header, rows in tables],
        numbers=numbers,
        formats=formats,
    )
