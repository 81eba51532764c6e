"""The figure of null seeds: numbers in words, and a remark where a run is off its line."""

import numpy as np
import pytest

from seed_to_voxel.figures import null_seeds, style
from seed_to_voxel.statistics.null_seeds import EDGES


def checked(share):
    z = np.random.default_rng(0).standard_normal(20_000)
    return {
        "shares": [share, share / 5, share / 50],
        "errors": [0.001, 0.0005, 0.0001],
        "counts": np.histogram(z, EDGES)[0].tolist(),
        "n_seeds": 40,
        "n_voxels": 500,
    }


@pytest.mark.parametrize(("share", "said"), [(0.051, ""), (0.31, "does not hold"), (0.02, "does not hold")])
def test_it_says_what_passes_and_whether_z_holds(share, said, tmp_path):
    style.use_style()
    figure, alt = null_seeds.plot_null_seeds(checked(share), "subject 01")
    assert f"40 null seeds and 500 voxels pass {100 * share:.2g} % at 5 %" in alt
    written = " ".join(text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")))
    assert ("does not hold" in alt, "does not hold" in written) == (bool(said), bool(said))
    style.save(figure, tmp_path / "figure", alt)
    assert (tmp_path / "figure.png").stat().st_size > 3000


def test_it_has_the_word_of_the_run():
    figure, alt = null_seeds.plot_null_seeds(checked(0.05), "subject 01", "vertices")
    assert "500 vertices pass" in alt
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()][1] == "null seeds and vertices"


def test_nothing_to_test(tmp_path):
    style.use_style()
    none = {**checked(0.05), "shares": [None] * 3, "errors": [None] * 3, "counts": [0] * (len(EDGES) - 1)}
    figure, alt = null_seeds.plot_null_seeds(none, "subject 01")
    assert alt == "Nothing could be tested."
    style.save(figure, tmp_path / "figure", alt)


def test_no_label_is_a_formula():
    """Formulas are not parsed in figures, so that a name that holds a dollar is a name."""
    style.use_style()
    figure, _ = null_seeds.plot_null_seeds(checked(0.05), "subject 01")
    figure.canvas.draw()
    texts = [text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))]
    assert "0.001" in texts and "Density" in texts
    assert not [text for text in texts if "$" in text or "{" in text]
