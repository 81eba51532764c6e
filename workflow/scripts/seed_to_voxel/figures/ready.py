"""What comes with a first figure, had when this is imported: fonts, the template, parts that matplotlib imports late.

Jobs are copies of one Python that has imported what their scripts import. What is had here, each copy has; otherwise
each would have it anew. It is no import of a script, but one of a rule's parameter `imports`: a job with a Python of
its own would draw for nothing.
"""

import io

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from . import slices, style


def draw_something() -> None:
    """Draw a figure in both formats, for nobody to see; the style stays that of each script."""
    with matplotlib.rc_context():
        style.use_style()
        _draw()


def _draw() -> None:
    figure = Figure(figsize=(1, 1))
    figure.add_axes((0.4, 0.4, 0.5, 0.5)).set(xlabel="".join(map(chr, range(32, 127))), title="A figure")
    figure.savefig(io.BytesIO(), format="pdf")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    style.few_colors(Image.fromarray(np.asarray(canvas.buffer_rgba()))).save(io.BytesIO(), "png")


draw_something()
slices.template()
