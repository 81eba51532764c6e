"""What is planted in groups, ages and sessions of the simulated cohort."""

import numpy as np
import pytest

from seed_to_voxel.inputs import simulated_cohort as cohort
from seed_to_voxel.inputs import simulated_networks, simulation

OPTIONS = {
    "seed": 3,
    "groups": ["a", "b"],
    "sessions": 2,
    "group_effect": 0.5,
    "age_effect": 0.4,
    "session_effect": 0.3,
}


def test_a_participant_does_not_depend_on_how_many_there_are():
    few, many = (cohort.participants(n, OPTIONS) for n in (4, 40))
    for name, column in few.items():
        assert many[name][:4] == column
    assert few["participant_id"] == ["sub-01", "sub-02", "sub-03", "sub-04"] and few["group"] == ["a", "b", "a", "b"]
    assert min(many["age"]) >= 20 and max(many["age"]) <= 80 and np.std(many["age"]) > 10
    assert "group" not in cohort.participants(2, {**OPTIONS, "groups": []})


def test_what_is_planted_in_whom():
    planted = {(index, session): cohort.takeovers(index, session, OPTIONS) for index in (0, 1) for session in (0, 1)}
    amounts = {key: {one.network: one.amount for one in found} for key, found in planted.items()}
    for (index, session), found in amounts.items():
        assert found.get("fronto-parietal", 0) == (0.5 if index == 1 else 0)
        assert found.get("cerebellum", 0) == (0.3 if session == 1 else 0)
        years = cohort.age_of(index, 3) - 20
        assert found["occipital"] == pytest.approx(0.4 * years / 60, abs=1e-6)
    assert cohort.takeovers(1, 0, {**OPTIONS, "group_effect": 0, "age_effect": 0}) == []


def test_a_network_follows_another_and_no_other_is_touched():
    rng = np.random.default_rng(0)
    before = simulated_networks.draw_network_series(5000, 2.0, rng)
    after = cohort.taken_over(before, [cohort.Takeover("fronto-parietal", "default", 0.5)])
    for name in before:
        if name != "fronto-parietal":
            np.testing.assert_array_equal(after[name], before[name])
    # Half of each: r of two standardised sums, with the correlation that the networks had.
    had = np.corrcoef(before["fronto-parietal"], before["default"])[0, 1]
    found = np.corrcoef(after["fronto-parietal"], after["default"])[0, 1]
    assert found == pytest.approx((1 + had) / np.sqrt(2 + 2 * had), abs=1e-6)
    assert after["fronto-parietal"].std() == pytest.approx(1)


def test_sessions_of_a_participant_share_the_brain_alone():
    first, again, second = (
        simulation.simulate_run(2, seed=5, voxel_size=12, n_volumes=80, session_index=session) for session in (0, 0, 1)
    )
    np.testing.assert_array_equal(np.asarray(first.bold.dataobj), np.asarray(again.bold.dataobj))
    np.testing.assert_array_equal(first.nodes["share"], second.nodes["share"])
    np.testing.assert_array_equal(np.asarray(first.network_labels.dataobj), np.asarray(second.network_labels.dataobj))
    assert abs(np.corrcoef(first.network_series["default"], second.network_series["default"])[0, 1]) < 0.6
    assert second.metadata["SimulationSessionIndex"] == 1


def test_what_is_planted_is_written_down():
    described = cohort.describe(OPTIONS)
    assert "planted in b: 0.5 of the course of the fronto-parietal network" in described["group"]["Description"]
    assert described["age"]["Units"] == "years"
    run = simulation.simulate_run(
        1, voxel_size=12, n_volumes=60, takeovers=[cohort.Takeover("occipital", "default", 0.2)]
    )
    assert run.metadata["SimulationTakeovers"] == [{"network": "occipital", "by": "default", "amount": 0.2}]
