"""What becomes of mail for hosts whose TLS is broken, under each policy: the table of docs/tls_peers.md.

`tls_zoo_test.py --write` writes what it finds into the table.
"""

import re
import smtplib
import ssl
import sys
import tempfile
import time
import unittest
from pathlib import Path

import tls_peers
from mail_host import MailHost
from postrider import Server, fetched
from tls_peers import HANDSHAKE_FAILURE, answers_with, context, keeps, resets, says

from nsd import Nsd

POLICIES = ("opportunistic", "required", "verified")
TABLE = Path(__file__).resolve().parent.parent.parent / "docs" / "tls_peers.md"
V1_0, V1_1, V1_2 = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2

PLAIN, TLS = "delivered, plain", "delivered, TLS"


def deferred(code: str, text: str) -> str:
    return f"deferred {code}: {text}"


# The host, what it does, and what becomes of mail under each policy; of a reason, what must stand in it.
HANDSHAKE = "TLS handshake failed: "
NOTHING_FITS = HANDSHAKE + "the peer sent the alert handshake_failure (40): it accepts none of our cipher suites"
OLD = HANDSHAKE + "the peer sent the alert protocol_version (70): it speaks neither TLS 1.2 nor TLS 1.3"
NO_PATH = HANDSHAKE + "no path from the certificate to a trust anchor"
ZOO = [
    ("good", "has a certificate of a trusted root for its name", TLS, TLS, TLS),
    ("wildcard", "has a certificate for *.zoo.example", TLS, TLS, TLS),
    ("injection", "sends a reply behind its 220, in the clear: dropped (RFC 3207 4.2)", TLS, TLS, TLS),
    ("no STARTTLS", "does not offer it",
     PLAIN, *[deferred("4.7.4", "TLS is required, but the server does not offer it")] * 2),
    ("refusal", "offers STARTTLS and answers 454", PLAIN, *[deferred("4.7.0", "TLS is not available")] * 2),
    ("stall", "is silent after its 220", PLAIN, *[deferred("4.7.5", HANDSHAKE + "timed out")] * 2),
    ("stall inside", "is silent in the middle of its first record",
     PLAIN, *[deferred("4.7.5", HANDSHAKE + "timed out")] * 2),
    ("reset", "resets the connection after its 220",
     PLAIN, *[deferred("4.7.5", HANDSHAKE + "the connection was reset")] * 2),
    ("close", "closes the connection after its 220",
     PLAIN, *[deferred("4.7.5", HANDSHAKE + "the peer closed the connection")] * 2),
    ("plain text", "goes on in the clear after its 220",
     PLAIN, *[deferred("4.7.5", HANDSHAKE + "the peer does not speak TLS")] * 2),
    ("alert", "ends the handshake with an alert", PLAIN, *[deferred("4.7.5", NOTHING_FITS)] * 2),
    ("self-signed", "has a certificate that it signed itself", TLS, TLS, deferred("4.7.5", NO_PATH)),
    ("expired", "has a certificate that expired yesterday",
     TLS, TLS, deferred("4.7.5", HANDSHAKE + "the certificate has expired")),
    ("wrong name", "has another host's certificate",
     TLS, TLS,
     deferred("4.7.5", HANDSHAKE + "the certificate is not for wrong-name.zoo.example but for mail.elsewhere.example")),
    ("no intermediate", "leaves the CA between root and certificate out", TLS, TLS, deferred("4.7.5", NO_PATH)),
    ("cloned root", "has a certificate under a forged root of the true one's name",
     TLS, TLS, deferred("4.7.5", NO_PATH)),
    ("cloned root shown", "the same, and shows the forged root", TLS, TLS, deferred("4.7.5", NO_PATH)),
    ("SHA-1", "has a certificate that was signed with SHA-1",
     TLS, TLS, deferred("4.7.5", HANDSHAKE + "the certificate is too weak")),
    ("RSA 1024", "has a key of 1024 bits", TLS, TLS, deferred("4.7.5", HANDSHAKE + "the certificate is too weak")),
    ("RSA 512", "has a key of 512 bits, good for encryption, if not for a proof",
     TLS, TLS, deferred("4.7.5", HANDSHAKE + "the certificate is too weak")),
    ("RSA key exchange", "knows no key exchange with forward secrecy", PLAIN, *[deferred("4.7.5", NOTHING_FITS)] * 2),
    ("TLS 1.0 only", "knows no later version", PLAIN, *[deferred("4.7.5", OLD)] * 2),
    ("TLS 1.1 only", "knows no later version", PLAIN, *[deferred("4.7.5", OLD)] * 2),
    ("anonymous", "has no certificate, only anonymous key exchange", PLAIN, *[deferred("4.7.5", NOTHING_FITS)] * 2),
    ("oversized chain", "shows twelve certificates",
     PLAIN, *[deferred("4.7.5", HANDSHAKE + "the certificate chain is too large")] * 2),
    ("client certificate", "demands a certificate of us", PLAIN, *[deferred("4.7.5", NOTHING_FITS)] * 2),
]


def host_of(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()) + ".zoo.example"


def start(name: str, address: str, port: int, pki) -> MailHost:
    own = answers_with(context(pki, [name])) if pki.pem(name).exists() else None
    peer = MailHost(address, port, own)

    def good(*arguments, **options):
        return answers_with(context(pki, ["RSA key exchange"], *arguments, **options))
    own_ways = {
        "stall": lambda connection: peer.silence(connection),
        "stall inside": lambda connection: keeps(b"\x16\x03\x03\x00\x7a\x02\x00")(peer, connection),
        "reset": resets,
        "close": says(b""),
        "plain text": says(b"250 2.0.0 what a nice hello\r\n"),
        "alert": says(HANDSHAKE_FAILURE),
        "cloned root shown": answers_with(context(pki, ["cloned root shown", "clone"])),
        "RSA key exchange": good("kRSA:@SECLEVEL=0", last=V1_2),
        "RSA 512": answers_with(context(pki, ["RSA 512"], last=V1_2)),
        "TLS 1.0 only": good(first=V1_0, last=V1_0),
        "TLS 1.1 only": good(first=V1_1, last=V1_1),
        "anonymous": answers_with(context(pki, [], "aNULL:@SECLEVEL=0", last=V1_2)),
        "oversized chain": answers_with(context(pki, ["good", *["middle", "root"] * 5, "middle"])),
        "client certificate": good(demands=True, last=V1_2),
    }
    peer.start_tls = own_ways.get(name, own)
    if name == "no STARTTLS":
        peer.offers = False
    if name == "refusal":
        peer.go_ahead = b"454 4.7.0 TLS is not available\r\n"
    if name == "injection":
        peer.go_ahead += b"250 2.0.0 injected\r\n250 2.0.0 injected\r\n354 injected\r\n"
    return peer


class Zoo(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="postrider-zoo-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        names = [row[0] for row in ZOO]
        own = ("good", "wildcard", "injection", "self-signed", "expired", "wrong name", "no intermediate",
               "cloned root",
               "cloned root shown", "SHA-1", "RSA 1024", "RSA 512", "RSA key exchange")
        cls.pki = tls_peers.make_pki(cls.folder / "pki", {name: host_of(name) for name in own})
        cls.port = fetched.free_port()
        cls.peers, zone = {}, ""
        for number, name in enumerate(names):
            address = f"127.0.3.{number + 1}"
            cls.peers[name] = start(name, address, cls.port, cls.pki)
            cls.addClassCleanup(cls.peers[name].stop)
            label = host_of(name).removesuffix(".zoo.example")
            zone += f"{label} A {address}\n" + "".join(f"{label}.{policy} MX 10 {label}\n" for policy in POLICIES)
        dns = Nsd(cls.folder / "dns", {"zoo.example": zone})
        try:
            dns.__enter__()
        except fetched.Unavailable as why:
            raise unittest.SkipTest(str(why))
        cls.addClassCleanup(dns.stop)
        policies = "".join(f'[[policy]]\ndomain = "*.{policy}.zoo.example"\ntls = "{policy}"\n' for policy in POLICIES)
        cls.server = Server(cls.folder / "p", dns_port=dns.port, settings=policies,
                            delivery=f'port = {cls.port}\nretry = ["1h"]\nipv6 = false\ntls_timeout = "2s"\n')
        text = cls.server.config.read_text().replace("[tls]\n", f'[tls]\nca_file = "{cls.pki.pem("root")}"\n')
        cls.server.config.write_text(text)
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)
        cls.found = cls.deliver(names)

    @classmethod
    def deliver(cls, names) -> dict[tuple[str, str], dict]:
        """One message for each host and policy: the event that ended its first attempt."""
        with smtplib.SMTP("127.0.0.1", cls.server.relay) as client:
            for name in names:
                for policy in POLICIES:
                    client.sendmail("app@shop.example", [f"a@{cls.domain(name, policy)}"],
                                    f"From: app@shop.example\r\nSubject: {name} {policy}\r\n\r\nhello\r\n")
        ends = {}
        end = time.monotonic() + 60
        while len(ends) < len(names) * 3:
            if time.monotonic() > end:
                raise TimeoutError(f"{len(ends)} of {len(names) * 3} attempts: {cls.server.log.read_text()[-2000:]}")
            for event in cls.server.read_events():
                if event["event"] in ("delivered", "deferred", "bounced"):
                    ends.setdefault(event["domain"], event)
            time.sleep(0.05)
        return {(name, policy): ends[cls.domain(name, policy)] for name in names for policy in POLICIES}

    @staticmethod
    def domain(name, policy) -> str:
        return host_of(name).replace(".zoo.example", f".{policy}.zoo.example")

    def outcome(self, event) -> str:
        if event["event"] == "delivered":
            return TLS if event.get("tls") else PLAIN
        return f"{event['event']} {event['enhanced']}: {event['text']}"

    def test_each_outcome(self):
        for name, _, *wanted in ZOO:
            for policy, outcome in zip(POLICIES, wanted):
                with self.subTest(host=name, policy=policy):
                    found = self.outcome(self.found[name, policy])
                    self.assertTrue(found == outcome if outcome in (PLAIN, TLS) else found.startswith(outcome),
                                    f"{found!r} is not {outcome!r}")

    def test_the_hosts_saw_what_the_events_say(self):
        for name, _, *wanted in ZOO:
            taken = {re.search(rb"Subject: .* (\w+)\r", content)[1].decode(): is_tls
                     for is_tls, content in self.peers[name].messages}
            self.assertEqual(taken, {policy: outcome == TLS for policy, outcome in zip(POLICIES, wanted)
                                     if outcome in (PLAIN, TLS)}, name)

    def test_the_documented_table_is_this_one(self):
        lines = ["| host | what it does | opportunistic | required | verified |", "|---|---|---|---|---|"]
        for name, does, *wanted in ZOO:
            lines.append(f"| {name} | {does} | " + " | ".join(outcome.rstrip(": ") for outcome in wanted) + " |")
        table = "\n".join(lines) + "\n"
        text = TABLE.read_text()
        if "--write" in sys.argv:
            TABLE.write_text(re.sub(r"\| host \|.*?\n(?=\n|\Z)", lambda _: table, text, flags=re.S))
            return
        self.assertIn(table, text, "docs/tls_peers.md differs: tls_zoo_test.py --write")


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=[word for word in sys.argv if word != "--write"])
