#!/usr/bin/python3
"""tools/tally counts cases, and never calls a crash or an empty run a success."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TALLY = Path(__file__).resolve().parents[2] / "tools" / "tally"


class Tally(unittest.TestCase):
    def tally(self, tests, junit="", *arguments):
        with tempfile.TemporaryDirectory() as build:
            logs = Path(build, "meson-logs")
            logs.mkdir()
            (logs / "testlog.json").write_text("".join(json.dumps(test) + "\n" for test in tests))
            if junit:
                (logs / "testlog.junit.xml").write_text(f"<testsuites>{junit}</testsuites>")
            run = subprocess.run([sys.executable, "-B", TALLY, *arguments, build], text=True, capture_output=True, check=False)
        return run.stdout.splitlines()[-1], run.returncode

    def test_counts_cases_of_googletest(self):
        junit = ('<testsuite name="postrider.postrider:unit / base.Text" tests="4" failures="1" errors="0" skipped="1"/>'
                 '<testsuite name="postrider.postrider:unit / base.Split/Framer" tests="2" failures="0" errors="0" skipped="0"/>'
                 '<testsuite name="postrider" tests="9" failures="0" errors="0" skipped="0"/>')
        self.assertEqual(self.tally([{"name": "postrider:unit / base", "result": "FAIL"}], junit), ("4 passed, 1 failed, 1 skipped", 1))

    def test_counts_what_a_test_counts_itself(self):
        tests = [{"name": "p:a / x", "result": "OK", "stdout": "7 passed, 0 failed\n"},
                 {"name": "p:a / y", "result": "OK", "stderr": "Ran 5 tests in 0.1s\n\nOK (skipped=2)\n"},
                 {"name": "p:a / z", "result": "OK", "stdout": ""}]
        self.assertEqual(self.tally(tests), ("11 passed, 0 failed, 2 skipped", 0))

    def test_a_crash_or_a_time_out_fails(self):
        junit = '<testsuite name="postrider.postrider:unit / base.Text" tests="4" failures="0" errors="0" skipped="0"/>'
        self.assertEqual(self.tally([{"name": "postrider:unit / base", "result": "FAIL"}], junit), ("4 passed, 1 failed", 1))
        self.assertEqual(self.tally([{"name": "p:a / x", "result": "TIMEOUT"}]), ("0 passed, 1 failed", 1))

    def test_nothing_run_is_no_success(self):
        self.assertEqual(self.tally([]), ("0 passed, 0 failed", 1))

    def test_adds_what_it_is_told(self):
        self.assertEqual(self.tally([{"name": "p:a / x", "result": "SKIP"}], "", "--also", "2,1"), ("2 passed, 1 failed, 1 skipped", 1))


if __name__ == "__main__":
    unittest.main()
