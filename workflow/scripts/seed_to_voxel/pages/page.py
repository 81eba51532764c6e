"""Pages from templates: one base page, one style sheet, and all that a page needs inside of its one file.

A module that fills a template names the template, and every script or text that goes into the page, in its constant
``FILES``. Nothing else can be put into a page, and `base.fingerprint` reruns the jobs that reach the module when
one of these files changes.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

FILES = ("base.html.j2", "style.css")

ROOM = Path(__file__).parent

IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w.]+)";\n', re.MULTILINE)
"""How one of our scripts imports from another: what names, from the file beside it."""


@cache
def read(names: Sequence[str]) -> dict[str, str]:
    """Texts of files of this room, by their names."""
    return {name: (ROOM / name).read_text(encoding="utf-8") for name in names}


def bundle(name: str, files: Sequence[str]) -> str:
    """Join a script and those that it imports from into one, which a page can hold.

    Parameters
    ----------
    name : str
        The script.
    files : sequence of str
        Where it and all that it imports from must be among.

    Returns
    -------
    str
        The imported ones come first, each once. All share one scope.

    Raises
    ------
    ValueError
        If a script imports from a file that is not among `files`.
    """
    parts: dict[str, str] = {}

    def add(script: str) -> None:
        if script not in files:
            raise ValueError(f"{script} is not named in FILES; expected one of {', '.join(files)}")
        text = read(tuple(files))[script]
        for imported in IMPORT.findall(text):
            if imported not in parts:
                add(imported)
        parts[script] = IMPORT.sub("", text)

    add(name)
    return "\n".join(parts.values())


def enclosed(text: str, element: str) -> Markup:
    """Mark a text of our own as what an element holds that HTML does not look into, or refuse it."""
    if f"</{element}" in text.lower() or "<!--" in text:
        raise ValueError(f"'</{element}' or '<!--' stands in a {element} of a page, and would end it there")
    return Markup(text)


def environment(files: Sequence[str], escape: Callable[[str], str] | None = None) -> Environment:
    """Where templates are filled; text that is put into them is escaped.

    Parameters
    ----------
    files : sequence of str
        Templates that can be used, a module's ``FILES``.
    escape : callable, optional
        How text is escaped where templates are not HTML.

    Returns
    -------
    jinja2.Environment
    """
    made = Environment(
        loader=DictLoader(read(tuple(files))),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    if escape:
        # jinja2 escapes for HTML what is not marked as escaped.
        made.finalize = lambda value: value if hasattr(value, "__html__") else Markup(escape(str(value)))
    return made


def render(template: str, files: Sequence[str], *, script: str | None = None, data: Any = None, **values: Any) -> str:
    """Fill a template.

    Parameters
    ----------
    template : str
        One of `files`; it extends ``base.html.j2``.
    files : sequence of str
        The module's ``FILES``.
    script : str, optional
        One of `files`: a JavaScript module, which is put in with all that it imports.
    data : optional
        What the script reads from the element ``data``: anything that JSON has.
    **values
        For the template. Text in it is escaped.

    Returns
    -------
    str
        A self-contained HTML page.

    Raises
    ------
    jinja2.UndefinedError
        If the template asks for a value that is not there.
    ValueError
        If there is NaN in the data.
    """
    templates = environment((*FILES, *files))
    templates.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}
    return templates.get_template(template).render(
        style=enclosed(read(FILES)["style.css"], "style"),
        script=script and enclosed(bundle(script, files), "script"),
        data=data,
        **values,
    )
