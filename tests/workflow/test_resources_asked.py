"""What rules ask for, against what they take."""

import pytest
from conftest import takes_long
from measure_resources import measure

from seed_to_voxel.study import resources

pytestmark = pytest.mark.workflow


@pytest.mark.parametrize(
    ("voxel_size", "volumes", "n_seeds", "further"),
    [
        pytest.param(8, 60, 1, False, id="few figures"),
        # tests/unit/study holds the models to runs of all sizes, as they were measured once.
        pytest.param(8, 60, 3, True, id="small", marks=takes_long),
        pytest.param(2, 120, 1, True, id="large", marks=takes_long),
    ],
)
def test_asked_for_what_is_taken(tmp_path, voxel_size, volumes, n_seeds, further):
    for rule, (peak, seconds, memory, minutes) in measure(tmp_path, voxel_size, volumes, n_seeds, further).items():
        # What Snakemake itself takes inside an allocation is held against a real one in tests/cluster.
        taken = peak + resources.SNAKEMAKE_MB
        assert 0.5 * memory < taken < 0.95 * memory, f"{rule}: {peak:.0f} MB, asked {memory} MB"
        assert seconds < 60 * minutes, rule
