"""Runs the rows of one bench and prints a line a row. Called by scripts/bench.

Every sample of a program is taken by that program, in alternation with its peer; this script pins
it to one core, takes medians and quartiles, compares checksums and judges.
"""

import os
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/bench"))
from rows import ROWS  # noqa: E402  (needs the path above)

MIN_SAMPLES = 11
PROGRAMS = ROOT / "build/tests/bench"


def pin():
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def run_program(program, cache):
    """The output lines of PROGRAM, run once however many rows read it; None when it fails."""
    key = tuple(program)
    if key not in cache:
        path = PROGRAMS / program[0]
        if not path.exists():
            return None
        done = subprocess.run([str(path), *program[1:]], cwd=ROOT,
                              stdout=subprocess.PIPE, text=True, preexec_fn=pin)
        cache[key] = done.stdout.splitlines() if done.returncode == 0 else None
    return cache[key]


def samples_of(row, lines):
    """(ours, peer) a sample; raises ValueError with the reason when the output can not be used."""
    samples = []
    for line in lines:
        words = line.split()
        if words[:1] == ["pair"]:
            if words[3] != words[4]:
                raise ValueError(f"checksums differ: {words[3]} and {words[4]}")
            samples.append((float(words[1]), float(words[2])))
        elif words[:1] == ["value"]:
            samples.append((float(words[1]), None))
    if not samples:
        raise ValueError("the program printed no sample")
    if row.measure == "ratio" and len(samples) < MIN_SAMPLES:
        raise ValueError(f"{len(samples)} samples, at least {MIN_SAMPLES} are needed")
    return samples


def judge(row, cache):
    """(is ok, text) of a row."""
    if not row.program:
        return False, "nothing measures it yet"
    lines = run_program(row.program, cache)
    if lines is None:
        return False, f"{row.program[0]} is missing or failed"
    try:
        samples = samples_of(row, lines)
    except ValueError as error:
        return False, str(error)
    ours = statistics.median(sample[0] for sample in samples)
    values = [a / b if row.measure == "ratio" else a for a, b in samples]
    median = statistics.median(values)
    low, _, high = statistics.quantiles(values, n=4) if len(values) > 1 else [median] * 3
    is_ok = median >= row.limit if row.at_least else median <= row.limit
    peer = statistics.median(sample[1] for sample in samples) if samples[0][1] is not None else None
    text = f"{ours:.3g}" + (f" against {peer:.3g}" if peer is not None else "")
    return is_ok, f"{text}; median {median:.3g} ({low:.3g} to {high:.3g}), {row.bar}"


def main():
    names = sorted({row.bench for row in ROWS})
    if len(sys.argv) != 2 or sys.argv[1] not in names:
        sys.exit(f"usage: scripts/bench NAME, where NAME is one of: {', '.join(names)}")
    cache = {}
    ok = missed = 0
    for row in ROWS:
        if row.bench != sys.argv[1]:
            continue
        is_ok, text = judge(row, cache)
        print(f"{'ok  ' if is_ok else 'MISS'}  {row.words}: {text}", flush=True)
        ok, missed = ok + is_ok, missed + (not is_ok)
    print(f"{ok} ok, {missed} missed")
    return 0 if missed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
