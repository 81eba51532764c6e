import pytest

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.study.bids import part_of

RUNS = {f"sub-{k}": k for k in range(11)}


def test_parts_make_up_the_whole():
    parts = [part_of(RUNS, f"{k}/4") for k in range(1, 5)]
    assert [key for part in parts for key in part] == list(RUNS)
    assert {len(part) for part in parts} == {2, 3}
    assert part_of(RUNS, None) == RUNS


@pytest.mark.parametrize("part", ["0/4", "5/4", "1/12"])
def test_no_such_part(part):
    with pytest.raises(InputError, match=f"part is {part}; expected"):
        part_of(RUNS, part)
