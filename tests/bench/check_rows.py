"""Compares the rows of the benches with bars.txt, so that no bar can vanish or be bent."""

import sys
from pathlib import Path

from rows import ROWS

wanted = Path(__file__).with_name("bars.txt").read_text().splitlines()
have = [f"{row.bench}: {row.words}: {row.bar}" for row in ROWS]
print("1..2")
missing = [line for line in wanted if line not in have]
extra = [line for line in have if line not in wanted]
print("not ok" if missing else "ok", "1 - every bar has its row")
print("not ok" if extra else "ok", "2 - every row has its bar")
for line in missing + extra:
    print("#", line)
sys.exit(1 if missing or extra else 0)
