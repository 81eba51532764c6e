"""Captions of figures in the report, as Snakemake renders them."""

from types import SimpleNamespace

import pytest
from conftest import ROOT
from jinja2 import Environment
from snakemake.iocontainers import InputFiles

CAPTIONS = ("carpet", "seed_series", "voxel_series", "null_seeds", "distribution")
MASKS = {
    "voxel": "run_mask.nii.gz",
    "vertex": ["run_hemi-L_mask.func.gii", "run_hemi-R_mask.func.gii"],
    "grayordinate": "run_mask.dscalar.nii",
}


@pytest.mark.parametrize("word", MASKS)
@pytest.mark.parametrize("caption", CAPTIONS)
def test_captions_have_the_word_of_the_run(caption, word):
    job = SimpleNamespace(input=InputFiles(fromdict={"mask": MASKS[word]}), wildcards=SimpleNamespace(run="a/sub-01"))
    text = Environment().from_string((ROOT / "workflow" / "report" / f"{caption}.rst").read_text("utf-8"))
    said = text.render(snakemake=job)
    several = {"vertex": "vertices"}.get(word, f"{word}s")
    assert word in said or several in said
    assert not [other for other in MASKS if other != word and other in said]
