"""The exceptions for what a user can mend."""


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message names the file, row or key, what was found, what was expected and what to do; it is
    shown without a traceback.
    """


class UnusableRunError(InputError):
    """A run lacks a file, or its data leave too little to work with, for instance where every volume is censored.

    Where the config says so, such a run is excluded or refused and listed, and the others go on.
    """
