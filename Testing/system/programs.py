"""Other people's programs as judges of our files."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


def need(program: str) -> str:
    """The program's path; skips the test where it is missing."""
    return shutil.which(program) or pytest.skip(f"{program} is not installed")


def errors(program: str, path: Path) -> list[str]:
    """Lines that start with `Error` or `E:`; the exit codes of these programs say nothing."""
    done = subprocess.run([need(program), str(path)], capture_output=True, text=True, errors="replace", check=False)
    said = (done.stdout + done.stderr).splitlines()
    return [line for line in said if line.startswith(("Error", "E:"))]


def plastimatch_masks(rtstruct: Path, ct: Path, folder: Path) -> Path:
    """A folder with one mask a structure, as plastimatch reads the RTSTRUCT on the CT."""
    command = [need("plastimatch"), "convert", "--input", str(rtstruct), "--referenced-ct", str(ct), "--output-prefix",
               str(folder), "--prefix-format", "nrrd"]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stderr
    return folder
