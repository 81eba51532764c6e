"""The one exception for what a user can mend."""


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message names the file, row or key, what was found, what was expected and what to do; it is
    shown without a traceback.
    """
