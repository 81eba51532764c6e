"""Python's looks for garbage, where they cost more than they find.

Processor time, measured: planning 1,000 runs takes 23.5 s instead of 27.0 s; of the 2.4 s of importing what a job that
draws imports, seldom looks save 0.2 s and none at the end 0.5 s.
"""

import gc
from collections.abc import Callable


def look_seldom(objects: int) -> None:
    """Look for garbage only after so many new objects, instead of 700: for programs whose objects stay."""
    gc.set_threshold(objects, 20, 100)


def set_aside() -> None:
    """Look at nothing again that is there now: for the end of a process, where Python looks through all of it."""
    gc.freeze()


def collect(may_set_aside: Callable[[], bool] = lambda: True) -> None:
    """Free what is held by nothing but itself; what is left is mostly what was imported, and is set aside.

    What is set aside is never freed again if it is held by nothing but itself, so that `may_set_aside` is asked first,
    when all that can be freed has been.

    Measured: 54 figures of a run at 4 mm take 509 MB at most with it after each and 837 MB without, for 2 % more time.
    """
    gc.collect()
    if may_set_aside():
        gc.freeze()
