"""Fibonacci numbers by the slowest recursion there is, made fast by one line: `python examples/fibonacci.py 80`.

Each number is computed once, on whatever day, and is then below `~/.mops` for every later run.
"""

from __future__ import annotations

import argparse

from thds.mops import pure


@pure.magic()
def fibonacci(n: int) -> int:
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("n", type=int, nargs="?", default=80, help="which number, from 0 (80)")
    n = parser.parse_args().n
    with pure.record() as run:
        print(fibonacci(n))
    print(run)


if __name__ == "__main__":
    main()
