"""TLS reports (RFC 8460): what was counted, as mail with a signature and as an HTTPS POST."""

import base64
import email
import gzip
import json
import smtplib
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from policy_peers import Pki, WebHost, mail_host, server_context, trust
from postrider import Server, fetched

from nsd import Nsd

WEB = "127.0.0.110"


class TlsReports(unittest.TestCase):
    def test_a_day_is_reported(self):
        with tempfile.TemporaryDirectory(prefix="postrider-e2e-") as folder:
            self.run_in(Path(folder))

    def run_in(self, folder: Path):
        pki = Pki(folder / "pki")
        pki.make_ca("root")
        pki.make("web", "root", None, ["subjectAltName=DNS:mta-sts.strict.example,DNS:mta-sts.good.example,DNS:reports.good.example"])
        pki.make_leaf("mx", "root", "mx.good.example")
        pki.make_leaf("self", None, "mx.strict.example")
        port, web_port = fetched.free_port(), fetched.free_port()
        web = WebHost(WEB, web_port, server_context(pki, "web"))
        self.addCleanup(web.stop)
        web.publish("strict.example", mx=["mx.strict.example"])
        hosts = {"good": mail_host("127.0.0.111", port, server_context(pki, "mx")),
                 "strict": mail_host("127.0.0.112", port, server_context(pki, "self")),
                 "old": mail_host("127.0.0.113", port, None), "rua": mail_host("127.0.0.114", port, None)}
        for host in hosts.values():
            self.addCleanup(host.stop)
        zones = {f"{name}.example": f"@ MX 10 mx\nmx A 127.0.0.{111 + number}\nmta-sts A {WEB}\n"
                 for number, name in enumerate(hosts)}
        zones["good.example"] += ('_mta-sts TXT "v=STSv1; id=1"\nreports A ' + WEB + "\n"
                                  f'_smtp._tls TXT "v=TLSRPTv1; rua=https://reports.good.example:{web_port}/v1,mailto:tls@rua.example"\n')
        zones["strict.example"] += '_mta-sts TXT "v=STSv1; id=1"\n_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@rua.example"\n'
        zones["old.example"] += '_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@rua.example"\n'
        try:
            dns = Nsd(folder / "dns", zones)
            dns.start()
        except fetched.Unavailable as why:
            raise unittest.SkipTest(str(why))
        self.addCleanup(dns.stop)
        server = Server(folder / "p", dns_port=dns.port, delivery=f'port = {port}\nmta_sts_port = {web_port}\nretry = ["1h"]\n',
                        settings='[tls_report]\nenabled = true\norganization = "Example Mail"\ncontact = "ops@mail.example.org"\n'
                        '[[dkim]]\ndomain = "mail.example.org"\nselector = "s1"\nkey = "s1.pem"\n')
        trust(server, pki.pem("root"))
        self.make_key(server)
        with server:
            for name in ("good", "strict", "old"):
                with smtplib.SMTP("127.0.0.1", server.relay) as client:
                    client.sendmail("a@sender.example", [f"to@{name}.example"], f"Subject: {name}\r\n\r\nx\r\n")
            server.wait_for_events("delivered", 2)
            server.wait_for_events("deferred", 1)
            shown = json.loads(server.command("tlsrpt", "--json"))
            self.check({entry["domain"]: entry["report"] for entry in shown["reports"]})
            self.assertIn("strict.example", server.command("tlsrpt"))
        with server:  # what was counted survives a restart
            sent = json.loads(server.command("tlsrpt", "--send", "--json"))["sent"]
            self.assertTrue(all(one["sent"] for one in sent), sent)
            self.assertEqual(len(sent), 4)
            server.wait_for_events("delivered", 5)
            self.assertEqual(json.loads(server.command("tlsrpt", "--json"))["reports"], [])
        self.assertEqual(len(hosts["rua"].messages), 3)
        reports = dict(self.report_of(content) for _, content in hosts["rua"].messages)
        self.check(reports)
        path, headers, body = web.posted[0]
        self.assertEqual((path, headers["content-type"]), ("/v1", "application/tlsrpt+gzip"))
        self.assertEqual(json.loads(gzip.decompress(body)), reports["good.example"])

    def test_reports_and_policies_change_with_sighup(self):
        with tempfile.TemporaryDirectory(prefix="postrider-e2e-") as name:
            folder = Path(name)
            pki = Pki(folder / "pki")
            pki.make_ca("root")
            pki.make_leaf("web", "root", "mta-sts.a.example")
            port, web_port = fetched.free_port(), fetched.free_port()
            web = WebHost(WEB, web_port, server_context(pki, "web"))
            self.addCleanup(web.stop)
            web.publish("a.example", mx=["elsewhere.example"])
            host = mail_host("127.0.0.115", port, None)
            self.addCleanup(host.stop)
            zone = f'@ MX 10 mx\nmx A 127.0.0.115\nmta-sts A {WEB}\n_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@a.example"\n'
            try:
                dns = Nsd(folder / "dns", {"a.example": zone + '_mta-sts TXT "v=STSv1; id=1"\n', "b.example": zone, "c.example": zone})
                dns.start()
            except fetched.Unavailable as why:
                raise unittest.SkipTest(str(why))
            self.addCleanup(dns.stop)
            server = Server(folder / "p", dns_port=dns.port, settings="[tls_report]\nenabled = false\n",
                            delivery=f'port = {port}\nmta_sts_port = {web_port}\nmta_sts = false\nretry = ["1h"]\n')
            trust(server, pki.pem("root"))
            with server:
                self.send(server, "b")
                server.wait_for_events("delivered", 1)
                self.assertIn("set tls_report.enabled", server.command("tlsrpt", code=None))
                said = self.reload(server, ("enabled = false", 'enabled = true\norganization = "New"'),
                                   ("mta_sts = false", "mta_sts = true"), ('dnssec = "off"', 'dnssec = "off"\ntimeout = "1s"'))
                self.assertIn("dns.timeout changes at the next restart only", said)
                self.send(server, "a", "c")
                self.assertIn("MTA-STS policy does not name", server.wait_for_events("deferred", 1)[0]["text"])
                server.wait_for_events("delivered", 2)
                shown = json.loads(server.command("tlsrpt", "--json"))["reports"]
                self.assertEqual({one["domain"] for one in shown}, {"a.example", "c.example"})
                self.assertEqual({one["report"]["organization-name"] for one in shown}, {"New"})
                self.reload(server, ("enabled = true", "enabled = false"))
                self.assertIn("set tls_report.enabled", server.command("tlsrpt", code=None))

    def send(self, server, *names):
        for name in names:
            with smtplib.SMTP("127.0.0.1", server.relay) as client:
                client.sendmail("a@sender.example", [f"to@{name}.example"], f"Subject: {name}\r\n\r\nx\r\n")

    def reload(self, server, *changes) -> str:
        text, before = server.config.read_text(), server.log.read_text()
        for old, new in changes:
            self.assertIn(old, text)
            text = text.replace(old, new)
        server.config.write_text(text)
        server.hangup()
        end = time.monotonic() + 20
        while "reloaded" not in (said := server.log.read_text()[len(before):]):
            self.assertLess(time.monotonic(), end, said)
            time.sleep(0.02)
        return said

    def make_key(self, server):
        subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out",
                        str(server.folder / "s1.pem")], check=True, capture_output=True)

    def report_of(self, content: bytes):
        message = email.message_from_bytes(content)
        self.assertEqual(message.get_content_type(), "multipart/report")
        self.assertEqual(message.get_param("report-type"), "tlsrpt")
        self.assertIn("d=mail.example.org", message["DKIM-Signature"])
        self.assertEqual(message["TLS-Report-Submitter"], "mail.example.org")
        self.assertIn(f"Report Domain: {message['TLS-Report-Domain']} Submitter: mail.example.org Report-ID: <",
                      " ".join(message["Subject"].split()))
        part = message.get_payload()[1]
        self.assertEqual(part.get_content_type(), "application/tlsrpt+gzip")
        self.assertRegex(part.get_filename(), r"^mail\.example\.org!.*\.example!\d+!\d+!.*\.json\.gz$")
        return message["TLS-Report-Domain"], json.loads(gzip.decompress(base64.b64decode(part.get_payload())))

    def check(self, reports: dict):
        self.assertEqual(set(reports), {"good.example", "strict.example", "old.example"})
        day = time.strftime("%Y-%m-%d", time.gmtime())
        for domain, report in reports.items():
            self.assertEqual((report["organization-name"], report["contact-info"]), ("Example Mail", "ops@mail.example.org"))
            self.assertEqual(report["date-range"], {"start-datetime": f"{day}T00:00:00Z", "end-datetime": f"{day}T23:59:59Z"})
            self.assertEqual(len(report["policies"]), 1)
            self.assertEqual(report["policies"][0]["policy"]["policy-domain"], domain)
        good, strict, old = (reports[f"{name}.example"]["policies"][0] for name in ("good", "strict", "old"))
        # Its policy can't be had: the session itself was well.
        self.assertEqual(good["policy"]["policy-type"], "sts")
        self.assertEqual(good["failure-details"][0]["result-type"], "sts-policy-fetch-error")
        self.assertEqual(strict["policy"]["policy-type"], "sts")
        self.assertEqual(strict["policy"]["mx-host"], ["mx.strict.example"])
        self.assertEqual(strict["policy"]["policy-string"][0], "version: STSv1")
        self.assertEqual(strict["failure-details"][0]["result-type"], "certificate-not-trusted")
        self.assertEqual(strict["failure-details"][0]["receiving-ip"], "127.0.0.112")
        self.assertEqual(old["policy"]["policy-type"], "no-policy-found")
        self.assertEqual(old["failure-details"][0]["result-type"], "starttls-not-supported")
        self.assertEqual(old["summary"], {"total-successful-session-count": 0, "total-failure-session-count": 1})


if __name__ == "__main__":
    unittest.main()
