"""A virtual environment for each peer, beside the checkout's own: `.venv-bench-<peer>`. Used by run.py alone.

Made when missing, made anew when this file's list or, for ours, pyproject.toml changed since. The peers do not share
one: two of them bring a package called `thds.mops`.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent

#: What pip installs, by peer. A peer's adapter is `peers/<peer>.py`.
PEERS = {
    "floor": ["numpy"],
    "ours": ["--editable", str(CHECKOUT), "numpy"],
    "upstream": ["thds.mops", "numpy"],
    "joblib_": ["joblib", "numpy"],
    "diskcache_": ["diskcache", "numpy"],
}


def interpreter(peer: str) -> str:
    """The Python of the peer's environment, which is made first if need be. Needs the package index only then."""
    folder = CHECKOUT / f".venv-bench-{peer.rstrip('_')}"
    python = folder / "bin" / "python"
    stamp = folder / "installed"
    wanted = _fingerprint(PEERS[peer])
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return str(python)
    print(f"setting up {folder.name}", file=sys.stderr, flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*pip, *PEERS[peer]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"{done.stdout}\nerror: the environment of {peer!r} could not be installed")
    stamp.write_text(wanted)
    return str(python)


def _fingerprint(requirements: list[str]) -> str:
    project = (CHECKOUT / "pyproject.toml").read_text() if "--editable" in requirements else ""
    about = "\n".join([sys.version, *requirements, project])
    return hashlib.sha256(about.encode()).hexdigest()
