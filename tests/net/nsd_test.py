#!/usr/bin/python3
"""The resolver and the search for mail hosts against a real nsd: `nsd_test.py PROBE` (tests/net/dns_probe.cpp)."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "partners"))
import fetched  # noqa: E402
from nsd import Nsd  # noqa: E402

PROBE = sys.argv.pop(1) if len(sys.argv) > 1 else ""

ZONE = """\
@ MX 10 mx1
@ MX 20 mx2.example.net.
mx1 A 192.0.2.1
mx1 A 192.0.2.2
mx1 AAAA 2001:db8::1
mx2 CNAME mx2-real
mx2-real A 192.0.2.3
implicit A 192.0.2.4
null MX 0 .
alias CNAME implicit
wrong MX 10 192.0.2.9.
text TXT "nothing else"
""" + "big TXT " + " ".join(f'"{"k" * 250}"' for _ in range(10)) + "\n"


class Mail(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        try:
            fetched.root()
        except fetched.Unavailable as why:
            raise unittest.SkipTest(str(why))
        folder = tempfile.TemporaryDirectory(prefix="postrider-nsd-", ignore_cleanup_errors=True)
        cls.addClassCleanup(folder.cleanup)
        dns = Nsd(Path(folder.name), {"example.net": ZONE})
        cls.enterClassContext(dns) if hasattr(cls, "enterClassContext") else (dns.start(), cls.addClassCleanup(dns.stop))
        cls.server = f"{dns.address}:{dns.port}"

    def found(self, name):
        run = subprocess.run([PROBE, self.server, name], capture_output=True, text=True, timeout=60, check=True)
        return run.stdout.strip().removeprefix(name + ": ")

    def test_mx_in_order_with_both_families(self):
        first, second = self.found("example.net").split("; ")
        self.assertEqual(first.split()[0], "mx1.example.net")
        addresses = first.split()[1].split(",")
        self.assertEqual(addresses[0], "2001:db8::1")
        self.assertEqual(set(addresses[1:]), {"192.0.2.1", "192.0.2.2"})
        self.assertEqual(second, "mx2.example.net 192.0.2.3")

    def test_implicit_mx_and_cname(self):
        self.assertEqual(self.found("implicit.example.net"), "implicit.example.net 192.0.2.4")
        self.assertEqual(self.found("alias.example.net"), "implicit.example.net 192.0.2.4")

    def test_what_takes_no_mail(self):
        self.assertIn("takes no mail", self.found("null.example.net"))
        self.assertIn("does not exist", self.found("gone.example.net"))
        self.assertIn("neither MX nor address", self.found("text.example.net"))
        self.assertIn("an address in place of a name", self.found("wrong.example.net"))

    def test_a_refusal_is_temporary(self):
        self.assertIn("REFUSED from", self.found("elsewhere.test"))

    def test_large_answers_by_tcp(self):
        self.assertEqual(self.found("txt:big.example.net"), "2500 octets, TCP 1")


if __name__ == "__main__":
    unittest.main()
