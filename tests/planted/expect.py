"""Runs a program that holds a planted defect and expects the sanitizer's report of it."""

import subprocess
import sys

program, expected = sys.argv[1], sys.argv[2]
done = subprocess.run([program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
reported = done.returncode != 0 and expected in done.stdout
print("1..1")
print(f"{'ok' if reported else 'not ok'} 1 - the sanitizer says {expected}")
if not reported:
    print(f"# exit status {done.returncode}, output:\n{done.stdout}")
sys.exit(0 if reported else 1)
