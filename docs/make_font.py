"""Make the fonts of the figures: the letters of DejaVu Sans that European languages and figures need, and no more.

    uv run python docs/make_font.py

A PDF holds the letters that it shows. To cut these out of the whole font, matplotlib has fontTools read and write
nearly 6,000 glyphs and the tables that say how to lay them out, for every figure: half of the time of drawing one.
Out of these fonts it is done in a moment. A figure with other letters is written with the whole fonts.
"""

from pathlib import Path

import matplotlib
from fontTools import subset
from fontTools.ttLib import TTFont

FOLDER = Path(__file__).parents[1] / "workflow" / "scripts" / "seed_to_voxel" / "figures" / "fonts"
SOURCE = Path(matplotlib.get_data_path()) / "fonts" / "ttf"

# Latin with the letters of European languages, Greek, dashes and quotes, raised and lowered digits, mathematics.
RANGES = ((0x20, 0x7E), (0xA0, 0x17F), (0x370, 0x3FF), (0x2010, 0x2026), (0x2030, 0x203A), (0x2070, 0x208E))
SINGLE = (0x20AC, 0x2122, 0x2190, 0x2191, 0x2192, 0x2193, 0x2202, 0x2206, 0x2211, 0x2212, 0x221A, 0x221E, 0x2248)
SINGLE += (0x2260, 0x2264, 0x2265, 0x25CB, 0x25CF)

FAMILY = "Seed-to-voxel Sans"
"""Another name, as the licence asks of a changed font and matplotlib of two fonts."""


STYLES = {"SeedToVoxelSans.ttf": ("DejaVuSans.ttf", ""), "SeedToVoxelSans-Bold.ttf": ("DejaVuSans-Bold.ttf", "Bold")}
"""Files, what they are cut out of, and the style that is behind the family's name."""


def make(source: str, style: str) -> TTFont:
    """Cut a font out of one that matplotlib ships."""
    options = subset.Options(hinting=False, layout_features=[], glyph_names=True, notdef_outline=True)
    options.drop_tables += ["GDEF", "GPOS", "GSUB", "MATH", "FFTM", "kern", "gasp"]
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    font = subset.load_font(SOURCE / source, options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=[code for first, last in RANGES for code in range(first, last + 1)] + list(SINGLE))
    cutter.subset(font)
    whole = f"{FAMILY} {style}".strip()
    for record in font["name"].names:
        said = {1: FAMILY, 3: whole, 4: whole, 6: "-".join(filter(None, (FAMILY.replace(" ", ""), style)))}.get(
            record.nameID
        )
        record.string = said or record.toUnicode()
    # The same font is the same file.
    font.recalcTimestamp = False
    return font


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, (source, style) in STYLES.items():
        make(source, style).save(FOLDER / name)
    (FOLDER / "LICENSE_DEJAVU").write_bytes((SOURCE / "LICENSE_DEJAVU").read_bytes())
