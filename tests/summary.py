"""Sums the checks of meson's test logs: prints what failed or skipped and, last,
`N passed, N failed, N skipped`. A TAP program counts check by check; one that
died counts as one failure more, whatever it had printed before."""
import json
import re
import sys

LINE = re.compile(r"^(not )?ok\b[^#]*(#\s*(skip|todo)\b.*)?", re.IGNORECASE)


def checks(test):
    passed = failed = skipped = 0
    for line in (test.get("stdout") or "").splitlines():
        match = LINE.match(line)
        if not match:
            continue
        if match.group(2):
            skipped += 1
            print(f"skipped: {test['name']}: {line}")
        elif match.group(1):
            failed += 1
            print(f"failed: {test['name']}: {line}")
        else:
            passed += 1
    result = test["result"]
    if result == "SKIP" and not (passed or skipped):
        skipped += 1
        print(f"skipped: {test['name']}")
    elif result not in ("OK", "SKIP", "EXPECTEDFAIL") and not failed:
        failed += 1
        print(f"failed: {test['name']}: {result}")
    elif result == "OK" and not (passed or skipped):
        passed += 1
    return passed, failed, skipped


def main():
    total = [0, 0, 0]
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as log:
            for line in log:
                total = [a + b for a, b in zip(total, checks(json.loads(line)))]
    print("{} passed, {} failed, {} skipped".format(*total))
    return 1 if total[1] or not total[0] else 0


sys.exit(main())
