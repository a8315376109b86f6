#!/usr/bin/python3
"""The resolver's DNSSEC against a signed hierarchy, and against what unbound says of it: `dnssec_test.py PROBE`.

The oracle (RFC 4035): AD is secure; no AD is insecure or indeterminate; a SERVFAIL that goes away with CD is bogus.
"""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "partners"))
import fetched  # noqa: E402
from signed_zones import SignedZones  # noqa: E402

PROBE = sys.argv.pop(1) if len(sys.argv) > 1 else ""

# (question, status, security, a part of the reason)
CASES = [
    ("MX:secure.test", "found", "secure", ""),
    ("A:mx.secure.test", "found", "secure", ""),
    ("TLSA:_25._tcp.mx.secure.test", "found", "secure", ""),
    ("TXT:secure.test", "found", "secure", ""),
    ("A:chain.secure.test", "found", "secure", ""),
    ("MX:child.secure.test", "found", "secure", ""),
    ("DS:child.secure.test", "found", "secure", ""),
    ("DS:insecure.test", "no_data", "secure", ""),
    ("DNSKEY:secure.test", "found", "secure", ""),
    # Algorithms (RFC 8624 3.1).
    ("MX:rsa.test", "found", "secure", ""),
    ("MX:rsa512.test", "found", "secure", ""),
    ("MX:p384.test", "found", "secure", ""),
    ("MX:ed25519.test", "found", "secure", ""),
    ("MX:unsupported.test", "found", "insecure", "not supported"),
    ("MX:unknowndigest.test", "found", "insecure", "not supported"),
    # Denial by NSEC: the type, the name, an empty name, beside and below a wildcard.
    ("AAAA:mx.secure.test", "no_data", "secure", ""),
    ("A:nothing.secure.test", "no_such_name", "secure", ""),
    ("A:empty.secure.test", "no_data", "secure", ""),
    ("A:b.empty.secure.test", "no_data", "secure", ""),
    ("A:x.wild.secure.test", "found", "secure", ""),
    ("MX:x.y.wild.secure.test", "found", "secure", ""),
    ("AAAA:x.wild.secure.test", "no_data", "secure", ""),
    ("A:there.wild.secure.test", "no_data", "secure", ""),
    ("A:x.there.wild.secure.test", "no_such_name", "secure", ""),
    ("MX:nothing.nosuchtop", "no_such_name", "secure", ""),
    # Likewise by NSEC3.
    ("MX:nsec3.test", "found", "secure", ""),
    ("AAAA:mx.nsec3.test", "no_data", "secure", ""),
    ("A:nothing.nsec3.test", "no_such_name", "secure", ""),
    ("A:a.b.c.d.nothing.nsec3.test", "no_such_name", "secure", ""),
    ("A:empty.nsec3.test", "no_data", "secure", ""),
    ("A:x.wild.nsec3.test", "found", "secure", ""),
    ("A:x.y.wild.nsec3.test", "found", "secure", ""),
    ("AAAA:x.wild.nsec3.test", "no_data", "secure", ""),
    ("A:x.there.wild.nsec3.test", "no_such_name", "secure", ""),
    ("A:nothing.salted.test", "no_such_name", "secure", ""),
    ("A:nothing.rsa512.test", "no_such_name", "secure", ""),
    ("MX:iterated.test", "found", "secure", ""),
    ("A:nothing.iterated.test", "no_such_name", "insecure", "200 iterations"),
    ("A:x.wild.iterated.test", "found", "insecure", "200 iterations"),
    # Opt-out.
    ("MX:signed.opt", "found", "secure", ""),
    ("MX:unsigned.opt", "found", "insecure", "unsigned"),
    ("MX:nothing.opt", "no_such_name", "insecure", "opt-out"),
    ("A:nothing.signed.opt", "no_such_name", "secure", ""),
    # Insecure delegations.
    ("MX:insecure.test", "found", "insecure", "test has no DS for insecure.test"),
    ("A:nothing.insecure.test", "no_such_name", "insecure", ""),
    ("AAAA:mx.insecure.test", "no_data", "insecure", ""),
    ("MX:missingds.test", "found", "insecure", "has no DS"),
    ("A:nothing.missingds.test", "no_such_name", "insecure", ""),
    ("MX:under.plain", "found", "insecure", "has no DS for plain"),
    # Bogus.
    ("MX:expired.test", "temporary_failure", "bogus", "expired at"),
    ("A:nothing.expired.test", "temporary_failure", "bogus", "expired at"),
    ("MX:wrongkey.test", "temporary_failure", "bogus", "no DNSKEY of wrongkey.test is one that its DS names"),
    ("MX:stripped.test", "temporary_failure", "bogus", "has no DNSKEY"),
    ("A:mx.altered.test", "temporary_failure", "bogus", "is wrong"),
    ("MX:altered.test", "found", "secure", ""),
    ("A:nothing.nodenial.test", "temporary_failure", "bogus", "no proof that nothing.nodenial.test does not exist"),
    ("AAAA:mx.nodenial.test", "temporary_failure", "bogus", "no proof that mx.nodenial.test has no"),
    ("A:x.wild.nodenial.test", "temporary_failure", "bogus", "no proof that a wildcard applies"),
    ("MX:nosoasig.test", "temporary_failure", "bogus", "no signature over"),
    # Aliases across zones: as good as the worst of them.
    ("A:to-opt.secure.test", "found", "secure", ""),
    ("A:to-insecure.secure.test", "found", "insecure", "has no DS for insecure.test"),
    ("CNAME:to-insecure.secure.test", "found", "secure", ""),
    ("A:to-expired.secure.test", "temporary_failure", "bogus", "expired at"),
    ("A:to-nothing.secure.test", "no_such_name", "secure", ""),
    ("A:mx.moved.secure.test", "found", "secure", ""),
    ("A:nothing.moved.secure.test", "no_such_name", "secure", ""),
    ("A:sub.insecure.deep.secure.test", "found", "secure", ""),
]


class Dnssec(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="postrider-dnssec-", ignore_cleanup_errors=True)
        cls.addClassCleanup(folder.cleanup)
        cls.tree = SignedZones(Path(folder.name))
        try:
            cls.tree.__enter__()
        except fetched.Unavailable as why:
            raise unittest.SkipTest(str(why))
        cls.addClassCleanup(cls.tree.__exit__)

    def probe(self, questions, mode="validate", server=None, anchors=None):
        """{question: [status, security, canonical name, reason]}"""
        port = server or self.tree.resolver.port
        run = subprocess.run([PROBE, mode, anchors or self.tree.folder / "anchors", f"127.0.0.1:{port}", *questions],
                             capture_output=True, text=True, timeout=150, check=True)
        rows = [line.split("\t") for line in run.stdout.splitlines()]
        return {row[0]: row[1:] for row in rows}

    def oracle(self, question, checking_disabled=False):
        """unbound's word: (rcode, AD)."""
        kind, name = question.split(":")
        run = subprocess.run(["drill", "-p", str(self.tree.resolver.port), *(["-o", "CD"] if checking_disabled else []), "-D",
                              name, "@127.0.0.1", kind], capture_output=True, text=True, timeout=30, check=True)
        header = run.stdout.splitlines()
        flags = next(line for line in header if line.startswith(";; flags:")).split(";")[2].split()
        return header[0].split("rcode: ")[1].split(",")[0], "ad" in flags

    def test_each_state_and_that_unbound_says_the_same(self):
        found = self.probe([question for question, *_ in CASES])
        for question, status, security, reason in CASES:
            with self.subTest(question):
                self.assertEqual(found[question][:2], [status, security], found[question])
                self.assertIn(reason, found[question][3])
                if security == "secure":
                    self.assertEqual(found[question][3], "")
                code, ad = self.oracle(question)
                self.assertEqual(ad, security == "secure", f"unbound: {code}, AD {ad}")
                self.assertEqual(code == "SERVFAIL", security == "bogus", f"unbound: {code}")
                if code == "SERVFAIL":
                    self.assertNotEqual(self.oracle(question, checking_disabled=True)[0], "SERVFAIL")

    def test_another_order_gives_the_same(self):
        """What one answer leaves in the cache of keys must not make another better or worse."""
        questions = [question for question, *_ in CASES]
        found = self.probe(reversed(questions))
        for question, status, security, _ in CASES:
            with self.subTest(question):
                self.assertEqual(found[question][:2], [status, security])

    def test_alone_gives_the_same(self):
        for question, status, security, _ in CASES[::6]:
            with self.subTest(question):
                self.assertEqual(self.probe([question])[question][:2], [status, security])

    def test_keys_are_asked_for_and_checked_once(self):
        names = [f"A:{'x' * count}.wild.secure.test" for count in range(1, 31)]
        row = self.probe(names)["counters"]
        queries, for_keys, signatures = (int(text.split()[0]) for text in row)
        self.assertEqual(queries - for_keys, 30)
        self.assertLessEqual(for_keys, 8)  # DNSKEY and DS of three zones, over TCP where UDP is too small
        self.assertLessEqual(signatures, 5 + 2 * 30)

    def test_trusting_a_resolver(self):
        questions = ["MX:secure.test", "MX:insecure.test", "MX:expired.test", "A:to-insecure.secure.test", "A:nothing.secure.test"]
        found = self.probe(questions, mode="trust-ad")
        self.assertEqual([found[question][1] for question in questions], ["secure", "insecure", "bogus", "insecure", "secure"])
        self.assertIn("the resolver finds it bogus (SERVFAIL from", found["MX:expired.test"][3])

    def test_off_judges_nothing(self):
        found = self.probe(["MX:secure.test", "MX:insecure.test"], mode="off")
        self.assertEqual({row[1] for question, row in found.items() if question != "counters"}, {"indeterminate"})

    def test_an_authoritative_server_has_all_that_is_needed(self):
        found = self.probe(["MX:secure.test"], server=self.tree.authority.port)
        self.assertEqual(found["MX:secure.test"][:2], ["found", "secure"])

    def test_other_anchors(self):
        folder = self.tree.folder
        wrong = folder / "wrong.anchors"
        wrong.write_text(". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n")
        found = self.probe(["MX:secure.test", "MX:insecure.test"], anchors=wrong)
        for row in (found["MX:secure.test"], found["MX:insecure.test"]):
            self.assertEqual(row[:2], ["temporary_failure", "bogus"])
            self.assertIn("the trust anchors name", row[3])
        elsewhere = folder / "elsewhere.anchors"
        elsewhere.write_text("; an anchor of one zone alone\n" + self.tree._ds("secure.test"))
        found = self.probe(["MX:secure.test", "MX:signed.opt", "MX:child.secure.test"], anchors=elsewhere)
        self.assertEqual(found["MX:secure.test"][:2], ["found", "secure"])
        self.assertEqual(found["MX:child.secure.test"][:2], ["found", "secure"])
        self.assertEqual(found["MX:signed.opt"][:2], ["found", "indeterminate"])
        self.assertIn("no trust anchor above", found["MX:signed.opt"][3])


if __name__ == "__main__":
    unittest.main()
