"""The report: one picture."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from digits_pipeline.models import Evaluation
from thds.mops import pure


@pure.magic()
def draw(title: str, accuracies: dict[str, float], best: str, final: Evaluation) -> bytes:
    """A PNG: all candidates by their accuracy in validation, and what the best one mistakes for what in the test."""
    # Not pyplot, which keeps figures in global state and looks for a display.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 5), layout="constrained")
    left, right = figure.subplots(1, 2)
    _bars(left, accuracies, best)
    _confusion(right, final)
    figure.suptitle(f"{title}: {best}, {final.accuracy:.1%}")
    file = io.BytesIO()
    FigureCanvasAgg(figure).print_png(file)
    return file.getvalue()


def _bars(axes: Any, accuracies: dict[str, float], best: str) -> None:
    names = sorted(accuracies, key=accuracies.__getitem__)
    colours = ["tab:orange" if name == best else "tab:blue" for name in names]
    axes.barh(names, [accuracies[name] for name in names], color=colours)
    axes.set_xlim(min(accuracies.values()) - 0.01, 1)
    axes.set_xlabel("accuracy in validation")


def _confusion(axes: Any, final: Evaluation) -> None:
    dark = final.confusion.max() / 2
    axes.imshow(final.confusion, cmap="Blues", vmax=dark)
    for (true, read), count in np.ndenumerate(final.confusion):
        if count:
            colour = "white" if count > dark / 2 else "black"
            axes.text(read, true, str(count), ha="center", va="center", fontsize=8, color=colour)
    axes.set(xlabel="read as", ylabel="digit", xticks=range(10), yticks=range(10))
