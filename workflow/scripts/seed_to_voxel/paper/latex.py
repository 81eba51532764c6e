"""Text for LaTeX."""

ESCAPED = {
    "\\": r"\textbackslash{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "|": r"\textbar{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "±": r"$\pm$",
    "−": "$-$",
    "–": "--",
    "ν": r"$\nu$",
    "²": r"$^2$",
    "³": r"$^3$",
    "·": r"$\cdot$",
}
"""Characters that mean something else to LaTeX, or that not every engine of it knows."""


def escape(text: str) -> str:
    """Text as LaTeX prints it.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
    """
    return "".join(ESCAPED.get(sign, sign) for sign in text)
