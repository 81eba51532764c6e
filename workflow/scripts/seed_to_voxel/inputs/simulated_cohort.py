"""What differs between the participants of a simulated cohort, and between their sessions: groups, ages, takeovers.

What is planted is always of one kind: a network's course is taken over, in part, by that of another network. A seed in
that other network then correlates with the network that is taken over, where and when it is, and with nothing else in
another way than before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from .simulated_networks import Table

AGES = (20, 80)
"""Years."""

FOR_AGE = 1_000_003
"""Key of the stream that a participant's age is drawn from; no session has as many."""


class Takeover(NamedTuple):
    """A network that follows another one in part.

    Attributes
    ----------
    network, by : str
        Which is taken over, by which.
    amount : float
        0 for not at all, 1 for wholly.
    """

    network: str
    by: str
    amount: float


PLANTED = {
    "group": ("fronto-parietal", "default"),
    "age": ("occipital", "sensorimotor"),
    "session": ("cerebellum", "cingulo-opercular"),
}
"""Which network is taken over by which: in the last group, with age, and in the last session."""


def group_of(index: int, groups: Sequence[str]) -> str | None:
    """The group of a participant: groups take turns, so that it does not depend on how many participants there are."""
    return groups[index % len(groups)] if groups else None


def age_of(index: int, seed: int) -> int:
    """The age of a participant in whole years, evenly spread over `AGES`."""
    stream = np.random.SeedSequence(seed, spawn_key=(index, FOR_AGE))
    return int(np.random.default_rng(stream).integers(AGES[0], AGES[1] + 1))


def takeovers(index: int, session: int, options: Mapping) -> list[Takeover]:
    """What is planted in a run.

    Parameters
    ----------
    index, session : int
        Of the participant and the session, from 0.
    options : dict
        The config's ``dataset.simulated``: ``seed``, ``groups``, ``sessions``, ``group_effect``, ``age_effect`` and
        ``session_effect``.

    Returns
    -------
    list of Takeover
        Those with an amount.
    """
    groups, n_sessions = options["groups"], options["sessions"]
    years = age_of(index, options["seed"]) - AGES[0]
    amounts = {
        "group": options["group_effect"] if len(groups) > 1 and group_of(index, groups) == groups[-1] else 0,
        # In proportion to the years since the youngest age.
        "age": options["age_effect"] * years / (AGES[1] - AGES[0]),
        "session": options["session_effect"] if n_sessions > 1 and session == n_sessions - 1 else 0,
    }
    return [Takeover(*PLANTED[name], round(float(amount), 6)) for name, amount in amounts.items() if amount]


def taken_over(network_series: Table, planted: Sequence[Takeover]) -> Table:
    """Let networks follow others.

    Parameters
    ----------
    network_series : dict of str to ndarray
        n_volumes values for each network, mean 0, standard deviation 1.
    planted : sequence of Takeover
        Amounts weigh the courses as they were before any takeover.

    Returns
    -------
    dict of str to ndarray
        With mean 0 and standard deviation 1 again.
    """
    mixed = dict(network_series)
    for network, by, amount in planted:
        series = (1 - amount) * network_series[network] + amount * network_series[by]
        mixed[network] = series / series.std()
    return mixed


def participants(n: int, options: Mapping) -> dict[str, list]:
    """The table of participants.

    Parameters
    ----------
    n : int
    options : dict
        The config's ``dataset.simulated``.

    Returns
    -------
    dict of str to list
        Columns participant_id, group (where there are groups) and age.
    """
    columns: dict[str, list] = {"participant_id": [f"sub-{index + 1:02d}" for index in range(n)]}
    if options["groups"]:
        columns["group"] = [group_of(index, options["groups"]) for index in range(n)]
    return {**columns, "age": [age_of(index, options["seed"]) for index in range(n)]}


def describe(options: Mapping) -> dict[str, dict]:
    """The JSON file beside the table: what its columns are, and what was planted with them."""
    text = "%s: {0} of the course of the %s network is taken over from the %s network"
    (group, group_by), (age, age_by) = PLANTED["group"], PLANTED["age"]
    described = {"participant_id": {"Description": "Label of the participant"}}
    if options["groups"]:
        planted = text % (f"Group; planted in {options['groups'][-1]}", group, group_by)
        described["group"] = {"Description": planted.format(f"{options['group_effect']:g}")}
    planted = text % (f"Age; planted at {AGES[1]} years, none at {AGES[0]}, in proportion between", age, age_by)
    return {**described, "age": {"Description": planted.format(f"{options['age_effect']:g}"), "Units": "years"}}
