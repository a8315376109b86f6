"""DNSSEC as operators and senders meet it: what `postrider dns` says, what `queue why` says, what is delivered and what is not."""

import json
import smtplib
import socket
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

from postrider import Server, fetched
from signed_zones import BODY, Domain, SignedZones
from wire import Host

SENDER = "app@shop.example"
STATES = {
    "secure.test": "secure",
    "child.secure.test": "secure",
    "nsec3.test": "secure",
    "signed.opt": "secure",
    "ed25519.test": "secure",
    "wild.test": "secure",
    "insecure.test": "insecure",
    "missingds.test": "insecure",
    "unsigned.opt": "insecure",
    "unsupported.test": "insecure",
    "expired.test": "bogus",
    "wrongkey.test": "bogus",
    "stripped.test": "bogus",
    "nodenial.test": "bogus",
}


def two_days_old():
    form = "%Y%m%d%H%M%S"
    return [time.strftime(form, time.gmtime(time.time() - days * 86400)) for days in (20, 2)]


DOMAINS = [
    Domain("", body=""),
    Domain("test", body=""),
    Domain("opt", body="", nsec3=["-p", "-t", "1", "-s", "aabb"]),
    Domain("secure.test"),
    Domain("child.secure.test"),
    Domain("nsec3.test", nsec3=["-t", "0"]),
    Domain("signed.opt"),
    Domain("unsigned.opt", sign=False, ds=False),
    Domain("ed25519.test", algorithm="ED25519"),
    Domain("wild.test", body="* MX 10 mx\n@ MX 10 mx\nmx A 127.0.0.1\n"),
    Domain("insecure.test", sign=False, ds=False),
    Domain("missingds.test", ds=False),
    Domain("unsupported.test", sign=False, parent_ds="12345 12 2 " + "ab" * 32),
    Domain("expired.test", times=two_days_old()),
    Domain("wrongkey.test", other_key=True),
    Domain("stripped.test", sign=False, parent_ds="12345 13 2 " + "ab" * 32),
    # Its MX is signed, the denial of the address that it has not is missing.
    Domain("nodenial.test", body=BODY, spoil=lambda text: "".join(
        line + "\n" for line in text.splitlines() if "RRSIG\tMX" not in line)),
    # Its MX is sound, the host's address is not.
    Domain("badhost.test", body="@ MX 10 mx.expired.test.\n"),
]


class Forwarder:
    """What many routers do: passes questions on without EDNS, so that no signature comes back. UDP only."""

    def __init__(self, port: int):
        self._server = ("127.0.0.1", port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.strips = True
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def _serve(self):
        while True:
            try:
                query, asker = self._socket.recvfrom(4096)
            except OSError:
                return
            if self.strips:
                end = 12
                while query[end]:
                    end += 1 + query[end]
                query = query[:10] + b"\0\0" + query[12:end + 5]
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as upstream:
                upstream.settimeout(5)
                upstream.sendto(query, self._server)
                try:
                    self._socket.sendto(upstream.recv(65535), asker)
                except OSError:
                    pass


class Dnssec(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="postrider-e2e-", ignore_cleanup_errors=True)
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        try:
            cls.tree = cls.enter(SignedZones(cls.folder / "tree", DOMAINS))
        except fetched.Unavailable as why:
            raise unittest.SkipTest(str(why))
        cls.host = cls.enter(Host())

    @classmethod
    def enter(cls, context):
        entered = context.__enter__()
        cls.addClassCleanup(context.__exit__, None, None, None)
        return entered

    def server(self, name, mode="validate", port=None, extra=""):
        dns = f'[dns]\nservers = ["127.0.0.1:{port or self.tree.resolver.port}"]\ndnssec = "{mode}"\n'
        dns += f'trust_anchors = "{self.tree.folder / "anchors"}"\ntimeout = "1s"\n' + extra
        return Server(self.folder / name, settings=dns, delivery=f'port = {self.host.port}\ntls = "off"\nipv6 = false\nretry = ["1s"]')

    def unbound_says(self, domain):
        """secure, insecure or bogus by AD, and by a SERVFAIL that goes away with CD."""
        codes = []
        for flags in ([], ["-o", "CD"]):
            run = subprocess.run(["drill", "-p", str(self.tree.resolver.port), *flags, "-D", domain, "@127.0.0.1", "MX"],
                                 capture_output=True, text=True, timeout=30, check=True).stdout
            codes.append(run.split("rcode: ")[1].split(",")[0])
            if not flags:
                ad = " ad " in run.split("flags:")[1].split(";")[0] + " "
        if codes[0] == "SERVFAIL":
            return "bogus" if codes[1] == "NOERROR" else "failed"
        return "secure" if ad else "insecure"

    def submit(self, server, *recipients):
        with smtplib.SMTP("127.0.0.1", server.relay) as client:
            for recipient in recipients:
                client.sendmail(SENDER, [recipient], f"From: {SENDER}\r\nTo: {recipient}\r\nSubject: x\r\n\r\nx\r\n")

    def test_each_domain_as_operators_and_unbound_see_it(self):
        for mode in ("validate", "trust-ad"):
            server = self.server("dns-" + mode, mode)
            for domain, state in STATES.items():
                with self.subTest(f"{mode}: {domain}"):
                    said = json.loads(server.command("dns", domain, "--json", code=1 if state == "bogus" else 0))
                    self.assertEqual(said["dnssec"], state, said)
                    self.assertEqual(said["domain"], domain)
                    if mode == "validate":
                        self.assertEqual(self.unbound_says(domain), state)
                    if state == "bogus":
                        self.assertIn("deferred: DNS of " + domain + ": DNSSEC: ", said["why"])
                        self.assertEqual(said["mx"], [])
                    else:
                        self.assertEqual({host["dnssec"] for host in said["mx"]}, {state}, said)
                        self.assertEqual(bool(said["dnssec_why"]), state != "secure")
        said = json.loads(self.server("dns-off", "off").command("dns", "secure.test", "--json"))
        self.assertEqual(said["dnssec"], "indeterminate")

    def test_for_people(self):
        server = self.server("people")
        self.assertIn("DNSSEC of the MX: secure\n", server.command("dns", "secure.test"))
        self.assertIn("insecure: test has no DS for insecure.test: it is not signed", server.command("dns", "insecure.test"))
        self.assertIn("the signature over", server.command("dns", "expired.test", code=1))

    def test_what_is_bogus_waits_and_says_why(self):
        with self.server("delivery") as server:
            before = len(self.host.messages)
            self.submit(server, "a@secure.test", "a@insecure.test", "a@expired.test", "a@badhost.test")
            self.host.wait_for(before + 2)
            found = {event["domain"]: event for event in server.wait_for_events("deferred", 2) if event["enhanced"]}
            for domain in ("expired.test", "badhost.test"):
                self.assertEqual(found[domain]["enhanced"], "4.7.5", found[domain])
                self.assertIn("DNSSEC: ", found[domain]["text"])
            entry = next(row for row in server.queue() if row["domain"] == "expired.test")
            why = server.command("queue", "why", entry["id"], "--json")
            self.assertIn("4.7.5", why)
            self.assertIn("expired at", why)
            self.assertEqual(len(self.host.messages), before + 2)
            self.assertEqual({event["event"] for event in server.read_events()} & {"bounced", "expired"}, set())

    def test_a_forwarder_that_strips_stops_no_mail_unless_told_to(self):
        forwarder = Forwarder(self.tree.resolver.port)
        self.addCleanup(forwarder.__exit__)
        with self.server("stripped", port=forwarder.port) as server:
            before = len(self.host.messages)
            self.submit(server, "a@secure.test", "a@insecure.test")
            self.host.wait_for(before + 2)
            [event] = server.wait_for_events("dnssec", 1)
            self.assertIn("nothing is validated, and DANE is not used: ", event["text"])
            self.assertIn("hands no signatures on", event["text"])
            self.assertEqual(server.log.read_text().count("warning: DNSSEC: nothing is validated"), 1)
            said = json.loads(server.command("dns", "secure.test", "--json"))
            self.assertEqual((said["dnssec"], said["dnssec_path"]), ("indeterminate", "stripped"), said)
            self.assertIn("hands no signatures on", said["dnssec_why"])
            self.assertIn("nothing can be validated", server.command("dns", "secure.test"))
            self.assertIn("WARNING: DNSSEC stripped: ", server.command("top", "--once"))
            dns = json.loads(server.command("top", "--once", "--json"))["dns"]
            self.assertEqual((dns["dnssec"], dns["path"]), ("validate", "stripped"))
            self.assertGreater(dns["unvalidated"], 0)
            # The other choice, and back, without a restart.
            server.config.write_text(server.config.read_text().replace("[dns]\n", "[dns]\nrequire_dnssec = true\n"))
            server.hangup()
            self.wait_for_reloads(server, 1)
            self.submit(server, "a@nsec3.test")
            event = server.wait_for_events("deferred", 1)[0]
            self.assertEqual((event["domain"], event["enhanced"]), ("nsec3.test", "4.7.5"), event)
            server.config.write_text(server.config.read_text().replace("require_dnssec = true\n", ""))
            server.hangup()
            self.wait_for_reloads(server, 2)
            self.submit(server, "a@ed25519.test")
            self.host.wait_for(before + 3)

    def test_one_server_that_lies_or_strips_is_no_harm_beside_one_that_does_not(self):
        forwarder = Forwarder(self.tree.resolver.port)
        self.addCleanup(forwarder.__exit__)
        server = self.server("mixed", port=forwarder.port)
        server.config.write_text(server.config.read_text().replace(
            f'"127.0.0.1:{forwarder.port}"]', f'"127.0.0.1:{forwarder.port}", "127.0.0.1:{self.tree.resolver.port}"]'))
        for domain in ("secure.test", "insecure.test", "expired.test"):
            said = json.loads(server.command("dns", domain, "--json", code=None))
            self.assertEqual(said["dnssec"], STATES[domain], said)

    def wait_for_reloads(self, server, count):
        end = time.monotonic() + 20
        while server.log.read_text().count("reloaded configuration") < count:
            self.assertLess(time.monotonic(), end, server.log.read_text())
            time.sleep(0.02)

    def test_a_restart_needs_no_resolver_for_what_was_known(self):
        resolver = SignedZones(self.folder / "another", [Domain("", body=""), Domain("test", body="@ MX 10 mx\nmx A 127.0.0.1\n")],
                               cache_ttl=600)
        with resolver:
            dns = f'[dns]\nservers = ["127.0.0.1:{resolver.resolver.port}"]\ndnssec = "validate"\n'
            dns += f'trust_anchors = "{resolver.folder / "anchors"}"\ntimeout = "1s"\n'
            server = Server(self.folder / "restart", settings=dns,
                            delivery=f'port = {self.host.port}\ntls = "off"\nipv6 = false\nretry = ["1s"]')
            with server:
                before = len(self.host.messages)
                self.submit(server, "a@test")
                self.host.wait_for(before + 1)
        self.assertTrue(list((self.folder / "restart" / "data").glob("dns_cache.*")))
        with server:  # and no DNS at all
            self.submit(server, "b@test")
            self.host.wait_for(before + 2)

    def test_the_anchors_are_compared_with_what_the_root_publishes(self):
        server = self.server("anchors")
        said = json.loads(server.command("anchors", "--json"))
        self.assertEqual([key["state"] for key in said["keys"]], ["published"], said)
        self.assertFalse(said["news"])
        # One that is trusted, and not the root's: it stays, and hers is found no less.
        own = self.tree.anchors
        file = self.folder / "two.anchors"
        file.write_text(own + ". IN DS 4711 13 2 " + "ab" * 32 + "\n")
        server.config.write_text(server.config.read_text().replace(str(self.tree.folder / "anchors"), str(file)))
        said = json.loads(server.command("anchors", "--update", "--json"))
        self.assertEqual(sorted(key["state"] for key in said["keys"]), ["missing", "published"])
        self.assertFalse(said["written"])
        file.write_text(". IN DS 4711 13 2 " + "ab" * 32 + "\n")
        self.assertIn("can't be proven", server.command("anchors", "--update", code=1))
        self.assertIn("4711", file.read_text())

    def test_configurations_that_trust_too_much(self):
        server = Server(self.folder / "check", settings='[dns]\nservers = ["192.0.2.53"]\ndnssec = "trust-ad"\n')
        said = server.command("check", code=1)
        self.assertIn("neither on loopback nor in dns.trusted", said)
        server.config.write_text(server.config.read_text().replace("[dns]\n", '[dns]\ntrusted = ["192.0.2.53"]\n'))
        server.command("check")
        anchors = self.folder / "nonsense.anchors"
        anchors.write_text("not a record\n")
        server = Server(self.folder / "check2", settings=f'[dns]\ndnssec = "validate"\ntrust_anchors = "{anchors}"\n')
        self.assertIn("line 1: not a DS or DNSKEY record", server.command("check", code=1))


if __name__ == "__main__":
    unittest.main()
