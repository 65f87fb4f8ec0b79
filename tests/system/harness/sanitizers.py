"""Reports of AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer, for builds that have them.

The daemons run detached, so neither their stderr nor their exit status would be seen: the reports go to files.
"""

import glob
import os

COMMON = "detect_leaks=1:detect_stack_use_after_return=1:print_stacktrace=1:exitcode=99"


def watch(directory):
    """From now on every program that is started writes its report there."""
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
        os.environ[name] = f"{COMMON}:log_path={directory}/sanitizer"


def reports(directory):
    """What they wrote, one text a program. Call it when all have ended: outside, after the case's kernel is gone."""
    found = []
    for path in sorted(glob.glob(f"{directory}/sanitizer.*")):
        with open(path, encoding="utf-8", errors="replace") as file:
            found.append(file.read().strip())
    return found
