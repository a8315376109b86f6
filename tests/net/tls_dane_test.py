"""DANE against real servers, with OpenSSL as the oracle: each case is asked of both, and they must agree.

tls_dane_test.py TLS_PROBE
"""

import hashlib
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from openssl_peers import OpensslServer, Pki, openssl, openssl_client, probe

HOST = "mx.example.org"
PROBE = ""

# What, the chain that the server shows, TLSA records, our verdict ("failed": the handshake already). A record's last
# word is the certificate that it was made of; "#" before it: damaged data.
CASES = [
    # DANE-EE: the leaf alone.
    ("EE key", ["own"], ["3 1 1 own"], "matched"),
    ("EE key, SHA-512", ["own"], ["3 1 2 own"], "matched"),
    ("EE whole key", ["own"], ["3 1 0 own"], "matched"),
    ("EE certificate", ["own"], ["3 0 1 own"], "matched"),
    ("EE certificate, SHA-512", ["own"], ["3 0 2 own"], "matched"),
    ("EE whole certificate", ["own"], ["3 0 0 own"], "matched"),
    ("EE another's key", ["own"], ["3 1 1 other"], "no_match"),
    ("EE another's certificate", ["own"], ["3 0 1 other"], "no_match"),
    ("EE same name and key, another certificate", ["own"], ["3 0 1 renewed"], "no_match"),
    ("EE same key, renewed certificate", ["renewed"], ["3 1 1 own"], "matched"),
    ("EE rollover, old key still served", ["own"], ["3 1 1 own", "3 1 1 other"], "matched"),
    ("EE rollover, new key served", ["other"], ["3 1 1 own", "3 1 1 other"], "matched"),
    ("EE rollover that nobody announced", ["other"], ["3 1 1 own"], "no_match"),
    ("EE names don't count", ["other"], ["3 1 1 other"], "matched"),
    ("EE dates don't count", ["expired"], ["3 1 1 expired"], "matched"),
    ("EE Ed25519", ["ed25519"], ["3 1 1 ed25519"], "matched"),
    ("EE RSA 2048", ["rsa2048"], ["3 1 1 rsa2048"], "matched"),
    ("EE RSA 1024", ["rsa1024"], ["3 1 1 rsa1024"], "matched"),
    ("EE RSA 512", ["rsa512"], ["3 1 1 rsa512"], "failed"),
    ("EE SHA-1 signature does not count", ["sha1"], ["3 1 1 sha1"], "matched"),
    ("EE below a chain", ["leaf", "middle", "root"], ["3 1 1 leaf"], "matched"),
    ("EE the issuer's key", ["leaf", "middle", "root"], ["3 1 1 middle"], "no_match"),
    # DANE-TA: an issuer.
    ("TA direct", ["direct", "root"], ["2 1 1 root"], "matched"),
    ("TA certificate", ["direct", "root"], ["2 0 1 root"], "matched"),
    ("TA with intermediate", ["leaf", "middle", "root"], ["2 1 1 root"], "matched"),
    ("TA is the intermediate", ["leaf", "middle"], ["2 0 1 middle"], "matched"),
    ("TA is the intermediate, root shown too", ["leaf", "middle", "root"], ["2 1 1 middle"], "matched"),
    ("TA chain in disorder", ["leaf", "root", "middle"], ["2 1 1 root"], "matched"),
    ("TA strangers in the chain", ["leaf", "other", "middle", "clone", "root"], ["2 1 1 root"], "matched"),
    ("TA whole certificate, not shown", ["direct"], ["2 0 0 root"], "matched"),
    ("TA whole certificate, not shown, deep", ["leaf", "middle"], ["2 0 0 root"], "matched"),
    ("TA whole key, not shown", ["direct"], ["2 1 0 root"], "matched"),
    ("TA whole key, not shown, deep", ["leaf", "middle"], ["2 1 0 root"], "matched"),
    ("TA digest of a root that is not shown", ["leaf", "middle"], ["2 1 1 root"], "no_match"),
    ("TA intermediate missing", ["leaf", "root"], ["2 1 1 root"], "no_match"),
    ("TA another root", ["direct", "root"], ["2 1 1 clone"], "no_match"),
    ("TA forged clone of the root", ["cloned", "clone"], ["2 1 1 root"], "no_match"),
    ("TA forged clone, true root shown", ["cloned", "root"], ["2 1 1 root"], "no_match"),
    ("TA forged clone, true root in the record", ["cloned", "clone"], ["2 0 0 root"], "no_match"),
    ("TA forged clone, true key in the record", ["cloned", "clone"], ["2 1 0 root"], "no_match"),
    ("TA wrong name", ["misnamed", "root"], ["2 1 1 root"], "no_match"),
    ("TA wildcard", ["wildcard", "root"], ["2 1 1 root"], "matched"),
    ("TA common name only", ["named", "root"], ["2 1 1 root"], "matched"),
    ("TA common name beside another DNS name", ["two_names", "root"], ["2 1 1 root"], "no_match"),
    ("TA expired leaf", ["expired", "root"], ["2 1 1 root"], "no_match"),
    ("TA expired intermediate", ["below_expired", "expired_middle", "root"], ["2 1 1 root"], "no_match"),
    ("TA expired anchor", ["below_expired", "expired_middle"], ["2 1 1 expired_middle"], "no_match"),
    ("TA expired root", ["below_expired_root", "expired_root"], ["2 1 1 expired_root"], "no_match"),
    ("TA signed by a leaf", ["below_leaf", "leaf", "middle"], ["2 1 1 middle"], "no_match"),
    ("TA is a leaf", ["below_leaf", "leaf"], ["2 1 1 leaf"], "no_match"),
    ("TA signed by itself", ["own"], ["2 0 1 own"], "no_match"),
    ("TA path too long", ["too_deep", "one_more", "no_more"], ["2 1 1 no_more"], "no_match"),
    ("TA name not permitted", ["not_permitted", "constrained"], ["2 1 1 constrained"], "no_match"),
    ("TA for clients only", ["client_only", "root"], ["2 1 1 root"], "no_match"),
    ("TA unknown critical extension", ["critical", "root"], ["2 1 1 root"], "failed"),
    ("TA SHA-1", ["sha1", "root"], ["2 1 1 root"], "no_match"),
    ("TA MD5", ["md5", "rsa_root"], ["2 1 1 rsa_root"], "no_match"),
    ("TA RSA 1024", ["rsa1024", "root"], ["2 1 1 root"], "no_match"),
    # Sets.
    ("both usages", ["own"], ["2 1 1 root", "3 1 1 own"], "matched"),
    ("both usages, neither fits", ["own"], ["2 1 1 root", "3 1 1 other"], "no_match"),
    ("unusable only: PKIX-EE", ["own"], ["1 1 1 own"], "unusable"),
    ("unusable only: PKIX-TA", ["direct", "root"], ["0 0 1 root"], "unusable"),
    ("unusable only: unknown usage", ["own"], ["4 1 1 own"], "unusable"),
    ("unusable only: unknown selector", ["own"], ["3 2 1 own"], "unusable"),
    ("unusable only: unknown matching type", ["own"], ["3 1 3 own"], "unusable"),
    ("unusable only: digest too short", ["own"], ["3 1 1 #own"], "unusable"),
    ("unusable only: no certificate", ["own"], ["3 0 0 #own"], "unusable"),
    ("unusable beside one that fits", ["own"], ["3 1 7 own", "3 1 1 own"], "matched"),
    ("unusable beside one that does not", ["own"], ["3 1 7 own", "3 1 1 other"], "no_match"),
    ("digest agility: stale SHA-512", ["own"], ["3 1 1 own", "3 1 2 other"], "no_match"),
    ("digest agility: stale SHA-256", ["own"], ["3 1 1 other", "3 1 2 own"], "matched"),
    ("digest agility: another selector", ["own"], ["3 1 1 own", "3 0 2 other"], "matched"),
    ("digest agility: whole data", ["own"], ["3 1 0 own", "3 1 2 other"], "matched"),
]

# What OpenSSL is asked for differently, or answers otherwise, and why.
LEVEL = {"EE RSA 1024": 1, "EE SHA-1 signature does not count": 1}  # what mail servers use
DIFFERENT = {
    # It looks at an anchor's dates only where the anchor has signed itself. We always do.
    "TA expired anchor": "matched",
    # It can use them, and has no CA to trust; for mail they are unusable (RFC 7672 3.1.3).
    "unusable only: PKIX-EE": "no_match",
    "unusable only: PKIX-TA": "no_match",
}


def make_pki(folder) -> Pki:
    pki = Pki(folder)
    pki.make_ca("root")
    pki.make_ca("middle", "root")
    pki.make_leaf("leaf", "middle")
    pki.make_leaf("direct", "root")
    pki.make_leaf("own")
    pki.make_leaf("other", host="other.example.net")
    pki.make_leaf("ed25519", key="ed25519")
    for size in (512, 1024, 2048):
        pki.make_leaf(f"rsa{size}", "root", key=f"rsa{size}")
    pki.make_ca("rsa_root", key="rsa2048")
    pki.make_leaf("sha1", "root", digest="sha1")
    pki.make_leaf("md5", "rsa_root", digest="md5")
    pki.make_leaf("wildcard", "root", "*.example.org")
    pki.make_leaf("misnamed", "root", "other.example.net")
    pki.make("named", "root", HOST, ["keyUsage=digitalSignature"])
    pki.make("two_names", "root", HOST, ["subjectAltName=DNS:other.example.net"])
    pki.make_leaf("expired", "root", is_expired=True)
    pki.make_ca("expired_middle", "root", is_expired=True)
    pki.make_leaf("below_expired", "expired_middle")
    pki.make_ca("expired_root", is_expired=True)
    pki.make_leaf("below_expired_root", "expired_root")
    pki.make_ca("clone", subject="root")
    pki.make_leaf("cloned", "clone")
    pki.make_leaf("below_leaf", "leaf")
    pki.make_ca("no_more", "root", more=",pathlen:0")
    pki.make_ca("one_more", "no_more")
    pki.make_leaf("too_deep", "one_more")
    pki.make("constrained", "root", None, ["basicConstraints=critical,CA:true",
                                           "nameConstraints=critical,permitted;DNS:example.net"])
    pki.make_leaf("not_permitted", "constrained")
    pki.make_leaf("client_only", "root", more=["extendedKeyUsage=clientAuth"])
    pki.make_leaf("critical", "root", more=["1.2.3.4=critical,DER:0500"])
    # The same key in another certificate.
    pki.key("renewed").write_text(pki.key("own").read_text())
    pki.pem("renewed").write_bytes(openssl(
        "req", "-x509", "-key", pki.key("own"), "-days", "60", "-subj", "/CN=own", "-addext",
        f"subjectAltName=DNS:{HOST}"))
    return pki


class Dane(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="postrider-dane-")
        cls.addClassCleanup(folder.cleanup)
        cls.pki = make_pki(Path(folder.name))
        cls.servers = {}
        cls.addClassCleanup(lambda: [server.stop() for server in cls.servers.values()])

    def port(self, chain) -> int:
        key = tuple(chain)
        if key not in self.servers:
            self.servers[key] = OpensslServer(self.pki, chain, "-cipher", "DEFAULT@SECLEVEL=0")
        return self.servers[key].port

    def rdata(self, record: str) -> str:
        usage, selector, matching, name = record.split()
        octets = self.pki.spki(name.strip("#")) if selector == "1" else self.pki.der(name.strip("#"))
        octets = {"1": lambda: hashlib.sha256(octets).digest(),
                  "2": lambda: hashlib.sha512(octets).digest()}.get(matching, lambda: octets)()
        return f"{usage} {selector} {matching} {octets[:-1].hex() if '#' in name else octets.hex()}"

    def ours(self, port, records) -> tuple[str, str]:
        options = [word for record in records for word in ("--tlsa", record)]
        [row] = probe(PROBE, port, HOST, "--reference", HOST, "--say", "abc", *options)
        if "failed" in row:
            return "failed", row["failed"]
        self.assertEqual(row["answer"], "cba")  # the connection is one that mail could go over
        return row["dane"], row["dane_text"]

    def oracle(self, port, records, level) -> tuple[str, str]:
        options = [word for record in records for word in ("-dane_tlsa_rrdata", record)]
        # RFC 7671 5.1: names don't count for DANE-EE, which OpenSSL must be told.
        code, text = openssl_client(port, "-brief", "-dane_ee_no_namechecks", "-dane_tlsa_domain", HOST, "-cipher",
                                    f"DEFAULT@SECLEVEL={level}", "-verify_return_error", *options)
        if "Failed to import any TLSA records" in text:
            return "unusable", text
        return ("matched" if code == 0 and "Verification: OK" in text else "no_match"), text

    def test_every_case_as_openssl_sees_it(self):
        self.assertGreaterEqual(len(CASES), 40)
        rows = []
        for what, chain, records, expected in CASES:
            rows.append((what, self.port(chain), [self.rdata(record) for record in records], expected,
                         LEVEL.get(what, 2)))
        with ThreadPoolExecutor(2) as pool:  # a process each: both cores
            ours = pool.map(lambda row: self.ours(row[1], row[2]), rows)
            theirs = pool.map(lambda row: self.oracle(row[1], row[2], row[4]), rows)
            for (what, _, _, expected, _), found, oracle in zip(rows, ours, theirs):
                with self.subTest(what):
                    self.assertEqual(found[0], expected, found[1])
                    self.assertTrue(found[1])
                    wanted = DIFFERENT.get(what, "no_match" if expected == "failed" else expected)
                    self.assertEqual(oracle[0], wanted, oracle[1])

    def test_in_both_versions(self):
        port = self.port(["leaf", "middle", "root"])
        for version in ("1.2", "1.3"):
            for record, verdict in (("3 1 1 leaf", "matched"), ("2 1 1 root", "matched"), ("3 1 1 own", "no_match")):
                [row] = probe(PROBE, port, HOST, "--version", version, "--reference", HOST, "--tlsa",
                              self.rdata(record))
                self.assertEqual((row["version"], row["dane"]), (f"TLSv{version}", verdict))

    def test_any_of_the_reference_names(self):
        port = self.port(["direct", "root"])
        for references, verdict in (([HOST], "matched"), (["example.org", HOST], "matched"),
                                    (["example.org"], "no_match")):
            options = [word for name in references for word in ("--reference", name)]
            [row] = probe(PROBE, port, HOST, *options, "--tlsa", self.rdata("2 1 1 root"))
            self.assertEqual(row["dane"], verdict, references)


if __name__ == "__main__":
    PROBE = sys.argv.pop(1)
    unittest.main(verbosity=2)
