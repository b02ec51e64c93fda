"""Write requirements.txt: every package of a fresh environment with all extras, pinned, no hosts.

python -m tools.lock            resolve anew
python -m tools.lock --installed   pin what this environment has
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADER = "# Every dependency of Corten, its demo and its tests, pinned. Written by `make lock` from pyproject.toml.\n"
NOT_PINNED = {"corten", "pip", "setuptools", "wheel"}


def installed(python: Path) -> list[str]:
    """`name==version` of all packages that the environment of `python` has."""
    command = [str(python), "-m", "pip", "list", "--format=json", "--disable-pip-version-check"]
    packages = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return sorted(f"{p['name'].lower()}=={p['version']}" for p in packages if p["name"].lower() not in NOT_PINNED)


def resolve(directory: Path) -> list[str]:
    """Install Corten with all extras into an empty environment and read what came."""
    venv.create(directory, with_pip=True)
    python = directory / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", f"{ROOT}[crypto,demo,v8,bench,quant,cluster,dev]"]
    subprocess.run(install, check=True)
    return installed(python)


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        pins = installed(Path(sys.executable)) if "--installed" in sys.argv else resolve(Path(directory) / "venv")
    (ROOT / "requirements.txt").write_text(HEADER + "\n".join(pins) + "\n", encoding="utf-8")
    print(f"requirements.txt: {len(pins)} packages")


if __name__ == "__main__":
    main()
