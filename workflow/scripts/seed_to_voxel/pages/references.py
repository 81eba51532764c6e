"""The works that texts cite, from a BibTeX file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

ENTRY = re.compile(r"@(?P<kind>\w+)\{(?P<key>\w+),\n(?P<fields>(?:  .+\n)+)\}\n")
FIELD = re.compile(r"  (?P<name>\w+) = \{(?P<value>.+)\},?")

MANY = 6
"""Of more authors than this, the first so many are named."""

NEEDED = ("author", "title", "journal", "year", "volume", "pages", "doi")


@dataclass(frozen=True)
class Work:
    """A work, as an entry of a BibTeX file.

    Attributes
    ----------
    key : str
    fields : mapping of str to str
        As they stand in the file.
    entry : str
        The whole entry.
    """

    key: str
    fields: Mapping[str, str]
    entry: str

    @property
    def authors(self) -> list[str]:
        """Each as ``Family, I. N.``."""
        return self.fields["author"].split(" and ")

    @property
    def cited(self) -> str:
        """How a sentence names it: author and year."""
        families = [author.split(",")[0] for author in self.authors]
        names = f"{families[0]} et al." if len(families) > 2 else " and ".join(families)
        return f"{names} {self.fields['year']}"

    @property
    def title(self) -> str:
        """The title without the braces that keep capitals."""
        return self.fields["title"].replace("{", "").replace("}", "")

    @property
    def names(self) -> str:
        """The authors of a list of references."""
        authors = self.authors
        return ", ".join(authors if len(authors) <= MANY else [*authors[:MANY], "et al."])

    @property
    def pages(self) -> str:
        """Pages with a dash, or the number of an article."""
        return self.fields["pages"].replace("--", "–")

    @property
    def url(self) -> str:
        """Where it is found."""
        return f"https://doi.org/{self.fields['doi']}"


def parse(text: str) -> dict[str, Work]:
    """Read a BibTeX file that is written plainly.

    An entry is ``@kind{key,``, then a line ``  name = {value},`` for each field, then ``}``; between entries are empty
    lines. Values are Unicode, not LaTeX. All of BibTeX needs a parser; this much is checked to be all that is there.

    Parameters
    ----------
    text : str

    Returns
    -------
    dict of str to Work
        By their keys, in the file's order.

    Raises
    ------
    ValueError
        If there is anything else in the text, a field is missing, or a key is there twice.
    """
    works: dict[str, Work] = {}
    if rest := ENTRY.sub("", text).strip():
        raise ValueError(f"this is no entry of a BibTeX file as we write them: {rest.splitlines()[0]!r}")
    for found in ENTRY.finditer(text):
        key, fields = found["key"], {}
        for line in found["fields"].splitlines():
            field = FIELD.fullmatch(line)
            if field is None or field["value"].count("{") != field["value"].count("}"):
                raise ValueError(f"{key}: found the line {line!r}, expected a name and a value in braces")
            fields[field["name"]] = field["value"]
        if missing := [name for name in NEEDED if name not in fields]:
            raise ValueError(f"{key}: lacks {', '.join(missing)}")
        if key in works:
            raise ValueError(f"{key}: is there twice")
        works[key] = Work(key, MappingProxyType(fields), found[0])
    return works


class Bibliography:
    """The works of a file, and which of them have been cited.

    Parameters
    ----------
    works : dict of str to Work
    """

    def __init__(self, works: Mapping[str, Work]) -> None:
        self.works = works
        self.keys: set[str] = set()

    def cite(self, *keys: str) -> str:
        """Name works in a sentence, and keep in mind that they are cited."""
        self.keys.update(keys)
        return "; ".join(self.works[key].cited for key in keys)

    @property
    def cited(self) -> list[Work]:
        """The works that were cited, in the file's order."""
        return [work for key, work in self.works.items() if key in self.keys]

    def entries(self) -> str:
        """A BibTeX file of the works that were cited."""
        return "\n".join(work.entry for work in self.cited)
