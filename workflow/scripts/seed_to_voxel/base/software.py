"""Versions of software that are known to compute wrong maps, and their refusal."""

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

from .errors import InputError

WRONG_MAPS = (0, 13), (0, 14, 1)
"""nilearn from the first to before the second.

0.13.0 and 0.13.1 save maps in the data type of the mask, 256 levels with a mask of bytes; 0.14.0 cuts
the series of integer runs to whole numbers, and was withdrawn.
"""


def check_nilearn(version: str) -> None:
    """Refuse a nilearn that computes wrong maps.

    Parameters
    ----------
    version : str

    Raises
    ------
    InputError
        If it is 0.13.0 to 0.14.0.
    """
    release = tuple(map(int, re.findall(r"\d+", version)[:3]))
    first, fixed = WRONG_MAPS
    if first <= release < fixed:
        raise InputError(
            f"nilearn {version} is installed here, and the versions 0.13.0 to 0.14.0 compute wrong maps: 0.13 saves "
            "them in the data type of the mask (256 levels with a mask of bytes), 0.14.0 cuts the series of integer "
            "runs to whole numbers. Install nilearn 0.14.1: `uv sync`, or run with `--sdm conda`"
        )


class Watch:
    """A finder of modules that finds nilearn alone, where Python would, and looks at its version once it is there."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find nilearn, to be refused as `check_nilearn` says when it is imported; leave other modules to others."""
        spec = PathFinder.find_spec(name, path, target) if name == "nilearn" else None
        if spec is not None and spec.loader is not None:
            fill = spec.loader.exec_module

            def fill_and_check(module: ModuleType) -> None:
                fill(module)
                check_nilearn(module.__version__)

            spec.loader.exec_module = fill_and_check  # type: ignore[method-assign]
        return spec


@contextmanager
def nilearn_watched() -> Iterator[None]:
    """Refuse nilearn where its version computes wrong maps, as soon as it is imported, or at once if it is already.

    Who imports no nilearn may have any: it may be another Python's that happens to be on the path. Looking for imports
    in all that a script reaches, as a way to know before, takes a tenth of the time of a job that does next to nothing.

    Raises
    ------
    InputError
    """
    if "nilearn" in sys.modules:
        check_nilearn(sys.modules["nilearn"].__version__)
    watch = Watch()
    sys.meta_path.insert(0, watch)
    try:
        yield
    finally:
        sys.meta_path.remove(watch)
