#!/usr/bin/env python3
"""Makes fuzz/corpus anew from a folder of inputs, `fuzz/keep.py FOLDER`: of each target so many as
cover what all of them cover, the smallest first, but no more than fit (see fuzz/README.md)."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
# The most files of one target. All of them together are less than 200.
MOST = {"head": 20, "response": 45, "chunks": 18, "codings": 40, "request": 15, "location": 15}
MOST_ELSE = 12
LARGEST = 2048


def minimized(target, inputs):
    """Those of the inputs that libFuzzer takes to cover what all of them cover."""
    with tempfile.TemporaryDirectory() as kept:
        command = ["cargo", "fuzz", "run", target, kept, str(inputs), "--", "-merge=1", f"-max_len={LARGEST}"]
        subprocess.run(command, cwd=HERE.parent, check=True, env=os.environ | {"RUSTC_BOOTSTRAP": "1"})
        return [path.read_bytes() for path in pathlib.Path(kept).iterdir()]


def spread(inputs, most):
    """So many of them, of all sizes."""
    inputs = sorted(inputs, key=lambda data: (len(data), data))
    if len(inputs) <= most:
        return inputs
    return [inputs[at * (len(inputs) - 1) // (most - 1)] for at in range(most)]


def main():
    for inputs in sorted(pathlib.Path(sys.argv[1]).iterdir()):
        target = inputs.name
        kept = spread(minimized(target, inputs.resolve()), MOST.get(target, MOST_ELSE))
        folder = HERE / "corpus" / target
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for number, data in enumerate(kept):
            (folder / f"{number:02}").write_bytes(data)


if __name__ == "__main__":
    main()
