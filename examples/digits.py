"""Which classifier reads handwritten digits best? A pipeline that computes each thing once.

    split -> features -> train (each candidate in a process of its own) -> evaluate -> report

Run it twice: the second run computes nothing. Change an option: only what depends on it is computed. Kill it: it goes
on where it was. At the end it says what was computed and what was reused. Results lie below `~/.mops`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from digits_pipeline.data import features, split
from digits_pipeline.grid import GRIDS
from digits_pipeline.models import evaluate, train
from digits_pipeline.report import draw
from thds.mops import pure


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=0, help="of the split and of all training (0)")
    parser.add_argument(
        "--test-share", type=float, default=0.25, help="share of the digits kept for the end (0.25)"
    )
    parser.add_argument("--features", choices=("pixels", "gradients", "pca"), default="gradients")
    parser.add_argument("--grid", choices=tuple(GRIDS), default="small", help="how many candidates to train")
    parser.add_argument("--title", default="Handwritten digits", help="of the report")
    parser.add_argument(
        "--out", type=Path, default=Path(".out/digits.png"), help="the report (.out/digits.png)"
    )
    return parser.parse_args()


def run_pipeline(options: argparse.Namespace) -> str:
    """One sentence on the best candidate; the report is written to `options.out`."""
    candidates = GRIDS[options.grid]
    digits = features(split(options.test_share, options.seed), options.features)
    models = list(
        train.map(candidates, [digits.training] * len(candidates), [options.seed] * len(candidates))
    )
    scores = [evaluate(model, digits.validation).accuracy for model in models]
    best = max(range(len(models)), key=scores.__getitem__)
    final = evaluate(models[best], digits.test)
    names = [str(candidate) for candidate in candidates]
    png = draw(options.title, dict(zip(names, scores, strict=True)), names[best], final)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_bytes(png)
    return f"{names[best]} reads {final.accuracy:.1%} of {final.confusion.sum()} digits it has not seen correctly."


def main() -> None:
    pure.magic.load_config_file()  # a `.mops.toml` in the working directory or above, if there is one
    options = arguments()
    with pure.record() as run:
        sentence = run_pipeline(options)
    print(f"{sentence}\nThe report is {options.out}.\n\n{run}")


if __name__ == "__main__":
    main()
