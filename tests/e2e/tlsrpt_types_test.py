"""Each failure type of RFC 8460 4.3 is counted against a real peer that is wrong in just that way, and reported as that."""

import json
import smtplib
import ssl
import tempfile
import unittest
from pathlib import Path

from policy_peers import Pki, WebHost, mail_host, server_context, tlsa, trust
from postrider import Server, fetched

from signed_zones import Domain, SignedZones

USER, PASSWORD = "app@shop.example", "correct horse battery"
WEB, LYING_WEB = "127.0.0.140", "127.0.0.141"
WRONG = "3 1 1 " + "ab" * 32

# (domain, certificate of its host (None: no STARTTLS), its MTA-STS policy, its TLSA record, what is counted)
CASES = [
    ("well", "own", "enforce", None, ("sts", None)),
    ("wellmatched", "self", None, "match", ("tlsa", None)),
    ("nostarttls", None, None, None, ("no-policy-found", "starttls-not-supported")),
    ("stsplain", None, "enforce", None, ("sts", "starttls-not-supported")),
    ("misnamed", "other", "enforce", None, ("sts", "certificate-host-mismatch")),
    ("expired", "expired", "enforce", None, ("sts", "certificate-expired")),
    ("untrusted", "self", "enforce", None, ("sts", "certificate-not-trusted")),
    ("testing", "self", "testing", None, ("sts", "certificate-not-trusted")),
    ("wrongmx", "own", "wrong mx", None, ("sts", "validation-failure")),
    ("mismatch", "self", None, WRONG, ("tlsa", "validation-failure")),
    ("unusable", "self", None, "1 1 1 " + "cd" * 32, ("tlsa", "tlsa-invalid")),
    ("nodnssec", "self", None, WRONG, ("tlsa", "dnssec-invalid")),
    ("needsdane", "own", None, None, ("no-policy-found", "dane-required")),
    ("nofile", "own", "404", None, ("sts", "sts-policy-fetch-error")),
    ("nonsense", "own", "nonsense", None, ("sts", "sts-policy-invalid")),
    ("lyingweb", "own", "lying web", None, ("sts", "sts-webpki-invalid")),
]


def without_tlsa_signature(text: str) -> str:
    return "".join(line + "\n" for line in text.splitlines() if "RRSIG\tTLSA" not in line)


class FailureTypes(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="postrider-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.pki = Pki(self.folder / "pki")
        self.pki.make_ca("root")
        self.pki.make("web", "root", None, ["subjectAltName=" + ",".join(f"DNS:mta-sts.{case[0]}.test" for case in CASES)])
        self.pki.make_leaf("lyingweb", None, "mta-sts.lyingweb.test")
        self.pki.make_leaf("other", "root", "mx.elsewhere.test")
        self.pki.make_leaf("expired", "root", "mx.expired.test", is_expired=True)
        self.port, web_port = fetched.free_port(), fetched.free_port()
        self.web = self.own(WebHost(WEB, web_port, server_context(self.pki, "web")))
        self.lying_web = self.own(WebHost(LYING_WEB, web_port, server_context(self.pki, "lyingweb")))
        self.hosts = {}
        domains = [Domain("", body=""), Domain("test", body="")] + [self.domain(150 + i, *case[:4]) for i, case in enumerate(CASES)]
        try:
            zones = SignedZones(self.folder / "zones", domains)
            zones.__enter__()
        except fetched.Unavailable as why:
            raise unittest.SkipTest(str(why))
        self.addCleanup(zones.__exit__)
        self.server = Server(
            self.folder / "p", delivery=f'port = {self.port}\nmta_sts_port = {web_port}\nretry = ["1h"]\nipv6 = false\n',
            settings=f'[dns]\nservers = ["127.0.0.1:{zones.resolver.port}"]\ntrust_anchors = "{zones.folder / "anchors"}"\n'
            "[tls_report]\nenabled = true\n")
        trust(self.server, self.pki.pem("root"))
        self.server.start()
        self.addCleanup(self.server.stop)

    def own(self, peer):
        self.addCleanup(peer.stop)
        return peer

    def domain(self, number: int, name: str, certificate: str | None, policy: str | None, record: str | None) -> Domain:
        address, host = f"127.0.0.{number}", f"mx.{name}.test"
        if certificate in ("own", "self"):
            self.pki.make_leaf(name, "root" if certificate == "own" else None, host)
            certificate = name
        self.hosts[name] = self.own(mail_host(address, self.port, server_context(self.pki, certificate) if certificate else None,
                                              ["REQUIRETLS"]))
        body = f'@ MX 10 mx\nmx A {address}\n_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@rua.test"\n'
        if record:
            body += f"_{self.port}._tcp.mx TLSA {tlsa(self.pki, name) if record == 'match' else record}\n"
        if policy:
            body += f'_mta-sts TXT "v=STSv1; id=1"\nmta-sts A {LYING_WEB if policy == "lying web" else WEB}\n'
            self.publish(f"{name}.test", policy, host)
        if name == "needsdane":  # nobody vouches for its hosts
            return Domain(f"{name}.test", body=body, sign=False, ds=False)
        return Domain(f"{name}.test", body=body, spoil=without_tlsa_signature if name == "nodnssec" else None)

    def publish(self, domain: str, policy: str, host: str) -> None:
        if policy in ("enforce", "testing"):
            self.web.publish(domain, mode=policy, mx=[host])
        elif policy == "wrong mx":
            self.web.publish(domain, mx=["elsewhere.test"])
        elif policy == "lying web":
            self.lying_web.publish(domain, mx=[host])
        elif policy == "nonsense":
            self.web.answers[f"mta-sts.{domain}", "/.well-known/mta-sts.txt"] = (
                200, {"Content-Type": "text/plain"}, b"<html>not found</html>")

    def submit(self) -> None:
        for name, *_ in CASES:
            if name != "needsdane":
                with smtplib.SMTP("127.0.0.1", self.server.relay) as client:
                    client.sendmail("a@shop.example", [f"to@{name}.test"], f"Subject: {name}\r\n\r\nx\r\n")
        self.server.add_account(USER, PASSWORD)
        with smtplib.SMTP("127.0.0.1", self.server.submission) as client:
            client.starttls(context=ssl._create_unverified_context())
            client.login(USER, PASSWORD)
            client.sendmail(USER, ["to@needsdane.test"], f"From: {USER}\r\nSubject: needsdane\r\n\r\nx\r\n", ["REQUIRETLS"])

    def test_each_is_counted_as_what_it_is(self):
        self.submit()
        goes = {"well", "wellmatched", "nostarttls", "testing", "unusable", "nofile", "nonsense", "lyingweb"}
        self.server.wait_for_events("delivered", len(goes), 60)
        self.server.wait_for_events("deferred", len(CASES) - len(goes) - 1, 60)
        self.assertEqual(self.server.wait_for_events("bounced", 1)[0]["domain"], "needsdane.test")
        self.assertEqual({name for name, host in self.hosts.items() if host.messages}, goes)
        reports = {one["domain"]: one["report"] for one in json.loads(self.server.command("tlsrpt", "--json"))["reports"]}
        for name, _, _, _, (kind, failure) in CASES:
            with self.subTest(name):
                [policy] = reports[f"{name}.test"]["policies"]
                self.assertEqual(policy["policy"]["policy-type"], kind, policy)
                self.assertEqual(policy["summary"], {"total-successful-session-count": int(failure is None),
                                                     "total-failure-session-count": int(failure is not None)}, policy)
                self.assertEqual([detail["result-type"] for detail in policy.get("failure-details", [])],
                                 [failure] if failure else [], policy)
                if failure:
                    self.assertEqual(policy["failure-details"][0]["receiving-mx-hostname"], f"mx.{name}.test", policy)
                    self.assertEqual(policy["failure-details"][0]["failed-session-count"], 1, policy)
        self.assertEqual({case[4][1] for case in CASES} - {None}, {
            "starttls-not-supported", "certificate-host-mismatch", "certificate-expired", "certificate-not-trusted",
            "validation-failure", "tlsa-invalid", "dnssec-invalid", "dane-required", "sts-policy-fetch-error",
            "sts-policy-invalid", "sts-webpki-invalid"}, "all that RFC 8460 4.3 knows")


if __name__ == "__main__":
    unittest.main()
