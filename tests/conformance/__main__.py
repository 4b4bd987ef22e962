"""`python -m tests.conformance DIR [--verbose]`: how many sample messages the drivers decode as expected.

Prints `family: N of M` for each family and `conformance: N of M` as the last line.
Exit code 2 when there is no DIR.
"""

import argparse
import sys
from pathlib import Path

from tests.conformance.families import FAMILIES
from tests.conformance.kit import check
from tests.conformance.samples import read_folder


def main(arguments: list[str]) -> int:
    """Run and print; `--verbose` also names each difference."""
    parser = argparse.ArgumentParser(prog="conformance")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--verbose", action="store_true", help="name each difference")
    options = parser.parse_args(arguments)
    if not options.folder.is_dir():
        sys.stderr.write(f"没有这个文件夹 / no such folder: {options.folder}\n")
        return 2
    report = check(read_folder(options.folder), FAMILIES)
    told = (report.failures if options.verbose else []) + report.lines()
    sys.stdout.write("\n".join(told) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
