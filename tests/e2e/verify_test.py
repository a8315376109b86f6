"""`postrider verify` on messages that other programs signed and sealed, against a real DNS server; `postrider bounce` on
what other programs report. What was changed does not pass."""

import json
import re
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import postrider
from postrider import fetched

import filters
from milter_client import MilterClient
from nsd import Nsd

try:
    sys.path.append(str(fetched.root() / "usr/lib/python3/dist-packages"))
    import authres  # noqa: F401
    import dkim
except (ImportError, fetched.Unavailable) as missing:
    print(f"skipped: {missing}: apt-get install python3-dkim python3-authres, run tools/partners")
    sys.exit(77)

CLIENT = "192.0.2.25"
MESSAGE = (
    b"From: Shop <news@shop.example>\r\nTo: joe@example.net\r\nSubject: An offer\r\nDate: Sun, 22 Nov 2026 14:52:24 +0000\r\n"
    b"Message-ID: <1@shop.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nHello Joe,\r\n\r\nbuy this.\r\n"
)
ZONES = {
    "shop.example": '@ TXT "v=spf1 ip4:192.0.2.0/24 include:_spf.shop.example -all exp=why.shop.example"\n'
    '_spf TXT "v=spf1 exists:%{ir}.allow.shop.example ~all"\n25.100.51.198.allow A 127.0.0.2\n'
    'why TXT "%{c} is none of ours"\n_dmarc TXT "v=DMARC1; p=reject; sp=quarantine; np=reject; rua=mailto:d@shop.example"\n'
    'mail TXT "v=spf1 a -all"\nmail A 192.0.2.25\nsub A 192.0.2.1\n'
    'strict TXT "v=spf1 +all"\n_dmarc.strict TXT "v=DMARC1; p=reject; t=y; adkim=s; aspf=s"\n',
    "plain.example": '@ TXT "v=spf1 +all"\n',
    "list.example": "@ A 192.0.2.30\n",
}


class Verify(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="postrider-e2e-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        zones = dict(ZONES)
        cls.pem = {}
        for kind, selector in (("rsa", "r"), ("ed25519", "e")):
            file = cls.folder / f"{kind}.pem"
            made = subprocess.run([postrider.PROGRAM, "dkim", "keygen", "--domain", "shop.example", "--selector", selector,
                                   "--algorithm", kind, "--out", str(file), "--json"], check=True, capture_output=True, text=True)
            value = json.loads(made.stdout)["value"]
            strings = " ".join(f'"{value[i:i + 255]}"' for i in range(0, len(value), 255))
            for zone in ("shop.example", "list.example", "plain.example"):
                zones[zone] += f"{selector}._domainkey TXT {strings}\n"
            cls.pem[kind] = file
        dns = Nsd(cls.folder / "dns", zones)
        dns.__enter__()
        cls.addClassCleanup(dns.__exit__)
        cls.dns = f"{dns.address}:{dns.port}"

    def verify(self, message: bytes, *arguments, ip=CLIENT, helo="mail.shop.example", sender="bounce@shop.example"):
        """(exit code, answer)"""
        file = self.folder / "message"
        file.write_bytes(message)
        command = [postrider.PROGRAM, "verify", "--json", "--dns", self.dns, *arguments, str(file)]
        for option, value in (("--ip", ip), ("--helo", helo), ("--from", sender)):
            if value is not None:
                command += [option, value]
        done = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(done.stderr, "")
        return done.returncode, json.loads(done.stdout)

    def sign(self, message: bytes, kind="rsa", domain=b"shop.example", **options) -> bytes:
        key = self.pem[kind].read_bytes()
        if kind == "ed25519":
            import base64
            key = base64.b64encode(base64.b64decode(b"".join(key.strip().splitlines()[1:-1]))[16:48])
        return dkim.sign(message, kind[:1].encode(), domain, key, signature_algorithm=f"{kind}-sha256".encode(), **options) + message

    def seal(self, message: bytes, results: bytes) -> bytes:
        marked = b"Authentication-Results: mx.list.example; " + results + b"\r\n" + message
        fields = dkim.arc_sign(marked, b"r", b"list.example", self.pem["rsa"].read_bytes(), b"mx.list.example",
                               timestamp=int(time.time()))
        return b"".join(field if field.endswith(b"\r\n") else field + b"\r\n" for field in fields) + message

    def test_spf(self):
        for ip, sender, wanted in (
            ("192.0.2.7", "a@shop.example", "pass"), ("198.51.100.25", "a@shop.example", "pass"),
            ("203.0.113.1", "a@shop.example", "fail"), ("2001:db8::1", "a@shop.example", "fail"),
            ("203.0.113.1", "a@list.example", "none"), ("203.0.113.1", "a@nowhere.shop.example", "none"),
            ("203.0.113.1", "<a@plain.example>", "pass"), (CLIENT, "", "pass"),
        ):
            _, answer = self.verify(MESSAGE, ip=ip, sender=sender)
            self.assertEqual(answer["spf"]["result"], wanted, (ip, sender, answer["spf"]))
        _, answer = self.verify(MESSAGE, ip="203.0.113.1")
        self.assertEqual(answer["spf"]["explanation"], "203.0.113.1 is none of ours")
        self.assertEqual(answer["spf"]["mechanism"], "-all")
        self.assertEqual(answer["spf_helo"]["result"], "fail")
        _, answer = self.verify(MESSAGE, ip=None)
        self.assertEqual(answer["spf"]["result"], "none")
        _, answer = self.verify(b"Return-Path: <x@shop.example>\r\n" + MESSAGE, sender=None)
        self.assertEqual(answer["spf"]["domain"], "shop.example")

    def test_dkim_of_python3_dkim(self):
        for kind in ("rsa", "ed25519"):
            for header in (b"simple", b"relaxed"):
                for body in (b"simple", b"relaxed"):
                    signed = self.sign(MESSAGE, kind, canonicalize=(header, body))
                    code, answer = self.verify(signed, ip=None)
                    self.assertEqual((code, answer["dkim"][0]["result"]), (0, "pass"), answer)
                    self.assertEqual(answer["dmarc"]["result"], "pass")
                    for old, new in ((b"Subject: An", b"Subject: No"), (b"buy this", b"buy that"), (b"news@", b"nows@"),
                                     (b"MIME-Version", b"From: x@y.example\r\nMIME-Version"), (b" bh=", b" l=3; bh=")):
                        code, answer = self.verify(signed.replace(old, new, 1), ip=None)
                        self.assertEqual((code, answer["dkim"][0]["result"]), (1, "fail"), (kind, header, body, old))
        signed = self.sign(MESSAGE, length=True)
        code, answer = self.verify(signed + b"and that.\r\n", ip=None)
        self.assertEqual((answer["dkim"][0]["result"], answer["dkim"][0]["unsigned_octets"]), ("pass", 11))
        code, answer = self.verify(signed.replace(b"Hello", b"Hullo"), ip=None)
        self.assertEqual(answer["dkim"][0]["result"], "fail")
        both = self.sign(self.sign(MESSAGE, "rsa"), "ed25519")
        code, answer = self.verify(both, ip=None)
        self.assertEqual([one["result"] for one in answer["dkim"]], ["pass", "pass"])
        code, answer = self.verify(signed.replace(b"s=r;", b"s=gone;"), ip=None)
        self.assertEqual(answer["dkim"][0]["result"], "permerror")

    def test_messages_with_unix_line_ends(self):
        code, answer = self.verify(self.sign(MESSAGE).replace(b"\r\n", b"\n"), ip=None)
        self.assertEqual((code, answer["dkim"][0]["result"]), (0, "pass"))

    def test_dkim_of_opendkim(self):
        """What Debian's opendkim signs as a milter, in each form, and what others have made of it."""
        for kind in ("rsa", "ed25519"):
            for form in ("simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"):
                if kind == "ed25519" and form.startswith("simple/"):
                    continue  # what opendkim 2.11 signs so, nobody verifies: python3-dkim neither
                with self.subTest(kind=kind, form=form):
                    self.judge_opendkim(kind, form)

    def judge_opendkim(self, kind: str, form: str) -> None:
        message = MESSAGE.replace(b"Subject: An offer", b"Subject: An\r\n  offer  of ours") + b"\r\n.dots  and spaces \r\n\r\n\r\n"
        try:
            signer = filters.OpenDkim(self.folder / f"opendkim-{kind}-{form.replace('/', '-')}", "shop.example", self.pem[kind],
                                      kind[0], canonicalization=form, algorithm=f"{kind}-sha256")
        except fetched.Unavailable as why:
            self.skipTest(str(why))
        with signer, MilterClient(signer.port) as client:
            added = [(name, value) for name, value in client.added(message, "news@shop.example", "joe@example.net")
                     if name == b"DKIM-Signature"]
        self.assertEqual(len(added), 1, signer.log.read_text())
        signed = b"".join(name + b": " + value + b"\r\n" for name, value in added) + message
        self.assertIn(f"a={kind}-sha256".encode(), signed)
        self.assertIn(f"c={form}".encode(), signed)
        code, answer = self.verify(signed, ip=None)
        self.assertEqual((code, answer["dkim"][0]["result"], answer["dmarc"]["result"]), (0, "pass", "pass"), answer)
        self.assertEqual((answer["dkim"][0]["domain"], answer["dkim"][0]["algorithm"]), ("shop.example", f"{kind}-sha256"))
        header, body = form.split("/")
        for old, new, harmless in (
            (b"buy this", b"buy that", False), (b"news@", b"nows@", False), (b"offer  of", b"order  of", False),
            (b"MIME-Version", b"From: x@y.example\r\nMIME-Version", False), (b" bh=", b" l=3; bh=", False),
            (b"offer  of ours", b"offer of ours  ", header == "relaxed"), (b"\r\nSubject:", b"\r\nSUBJECT:", header == "relaxed"),
            (b"and spaces \r\n", b"and\t spaces\r\n", body == "relaxed"), (b"\r\n\r\n\r\n", b"\r\n", True),
        ):
            self.assertIn(old, signed)
            at = signed.rindex(old) if old == b"\r\n\r\n\r\n" else signed.index(old)
            changed = signed[:at] + new + signed[at + len(old):]
            code, answer = self.verify(changed, ip=None)
            self.assertEqual((code, answer["dkim"][0]["result"]), (0, "pass") if harmless else (1, "fail"), (kind, form, old, answer))

    def test_sha1_of_opendkim(self):
        """What opendkim's tool signs is RSA with SHA-1, which RFC 8301 forbids to accept."""
        done = subprocess.run(["opendkim-testmsg", "-C", "-d", "shop.example", "-s", "r", "-k", self.pem["rsa"]],
                              input=MESSAGE, capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"a=rsa-sha1", done.stdout)
        code, answer = self.verify(done.stdout, ip=None)
        self.assertEqual((code, answer["dkim"][0]["result"]), (1, "permerror"), answer)

    def test_dmarc(self):
        def dmarc(sender, author, ip=CLIENT):
            code, answer = self.verify(MESSAGE.replace(b"news@shop.example", author.encode()), ip=ip, sender=sender)
            self.assertEqual(code, 0 if answer["authentic"] else 1)
            return answer["dmarc"]["result"], answer["dmarc"]["policy"], answer["dmarc"]["disposition"]

        self.assertEqual(dmarc("a@shop.example", "n@shop.example"), ("pass", "reject", "none"))
        self.assertEqual(dmarc("a@shop.example", "n@shop.example", "203.0.113.1"), ("fail", "reject", "reject"))
        self.assertEqual(dmarc("a@mail.shop.example", "n@shop.example"), ("pass", "reject", "none"))
        self.assertEqual(dmarc("a@plain.example", "n@shop.example"), ("fail", "reject", "reject"))
        self.assertEqual(dmarc("a@plain.example", "n@sub.shop.example"), ("fail", "quarantine", "quarantine"))
        self.assertEqual(dmarc("a@plain.example", "n@nowhere.shop.example"), ("fail", "reject", "reject"))
        self.assertEqual(dmarc("a@shop.example", "n@strict.shop.example"), ("fail", "reject", "quarantine"))
        self.assertEqual(dmarc("a@strict.shop.example", "n@strict.shop.example"), ("pass", "reject", "none"))
        self.assertEqual(dmarc("a@plain.example", "n@plain.example")[0], "none")
        self.assertEqual(dmarc("a@shop.example", "n@shop.example, m@list.example")[0], "permerror")

    def test_arc_of_python3_dkim(self):
        once = self.seal(MESSAGE, b"spf=pass smtp.mailfrom=shop.example")
        twice = self.seal(once, b"arc=pass; spf=none")
        for message, sets in ((once, 1), (twice, 2)):
            _, answer = self.verify(message, ip=None)
            self.assertEqual((answer["arc"]["result"], len(answer["arc"]["sets"])), ("pass", sets), answer["arc"])
        self.assertEqual(answer["arc"]["sets"][0]["domain"], "list.example")
        for old, new in ((b"An offer", b"No offer"), (b"buy", b"sell"), (b"spf=none", b"spf=pass"), (b"cv=pass", b"cv=none"),
                         (b"i=1; mx", b"i=3; mx")):
            _, answer = self.verify(twice.replace(old, new, 1), ip=None)
            self.assertEqual(answer["arc"]["result"], "fail", old)
        mailing_list = self.seal(MESSAGE.replace(b"shop.example", b"plain.example"), b"dkim=pass")
        code, answer = self.verify(mailing_list, ip=None)
        self.assertEqual((code, answer["arc"]["result"]), (0, "pass"))

    def test_words_and_the_field(self):
        file = self.folder / "message"
        file.write_bytes(self.sign(MESSAGE))
        done = subprocess.run([postrider.PROGRAM, "verify", "--dns", self.dns, "--ip", CLIENT, "--helo", "mail.shop.example",
                               "--from", "a@shop.example", str(file)], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        for row in (r"SPF +pass", r"DKIM +pass +shop\.example", r"DMARC +pass", r"ARC +none"):
            self.assertRegex(done.stdout, row)
        field = done.stdout[done.stdout.index("Authentication-Results:"):].strip()
        read = authres.AuthenticationResultsHeader.parse(re.sub(r"\r?\n\s*", " ", field))
        self.assertEqual({result.method: result.result for result in read.results}["dmarc"], "pass")

    def test_hostile_messages_are_bounded(self):
        signature = self.sign(MESSAGE)[: -len(MESSAGE)]
        begin = time.monotonic()
        code, answer = self.verify(signature * (450_000 // len(signature)) + MESSAGE, ip=None)
        self.assertEqual(len(answer["dkim"]), 10)
        self.assertGreater(answer["skipped_signatures"], 100)
        many = b"".join(b"ARC-Seal: i=%d; a=rsa-sha256; cv=pass; d=x.example; s=s; b=YQ==\r\n" % i for i in range(1, 51))
        code, answer = self.verify(many * 30 + MESSAGE, ip=None)
        self.assertEqual(answer["arc"]["result"], "fail")
        self.assertLess(time.monotonic() - begin, 20)
        file = self.folder / "message"
        file.write_bytes(b"X: y\r\n" * 200_000 + MESSAGE)
        done = subprocess.run([postrider.PROGRAM, "verify", "--json", "--dns", self.dns, str(file)], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("header is too large", done.stderr)

    def test_wrong_usage(self):
        for arguments in (["verify"], ["verify", "--ip", "nowhere", "x"], ["verify", "--dns", "a:b", "x"],
                          ["verify", "/nonexistent"], ["bounce"], ["bounce", "/nonexistent"]):
            done = subprocess.run([postrider.PROGRAM, *arguments], capture_output=True, text=True)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertTrue(done.stderr.startswith("postrider: "), done.stderr)

    def bounce(self, message: str, *arguments):
        done = subprocess.run([postrider.PROGRAM, "bounce", "--json", *arguments, "-"], input=message.encode(), capture_output=True)
        self.assertEqual(done.stderr, b"")
        return done.returncode, json.loads(done.stdout)

    def test_bounces(self):
        # As Postfix writes it.
        code, answer = self.bounce(
            "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.net (Mail Delivery System)\nTo: bounce+7@shop.example\n"
            "Subject: Undelivered Mail Returned to Sender\nAuto-Submitted: auto-replied\nMIME-Version: 1.0\n"
            'Content-Type: multipart/report; report-type=delivery-status;\n\tboundary="B1"\n\n--B1\n\nI\'m sorry.\n\n'
            "--B1\nContent-Description: Delivery report\nContent-Type: message/delivery-status\n\n"
            "Reporting-MTA: dns; mx.example.net\nOriginal-Envelope-Id: m-17\nX-Postfix-Queue-ID: 4Fx\n"
            "Arrival-Date: Sun, 22 Nov 2026 14:52:24 +0000 (UTC)\n\nFinal-Recipient: rfc822; joe@example.net\n"
            "Original-Recipient: rfc822;joe@example.net\nAction: failed\nStatus: 5.1.1\n"
            "Remote-MTA: dns; in.example.net\nDiagnostic-Code: smtp; 550 5.1.1 <joe@example.net>: Recipient\n"
            "    address rejected: User unknown in local recipient table\n\n--B1\nContent-Type: text/rfc822-headers\n\n"
            "Message-ID: <1@shop.example>\nSubject: An offer\n\n--B1--\n")
        self.assertEqual((code, answer["kind"]), (0, "dsn"))
        self.assertEqual(answer["message"]["envelope_id"], "m-17")
        self.assertEqual(answer["message"]["message_id"], "1@shop.example")
        self.assertEqual(answer["sent_to"], ["bounce+7@shop.example"])
        [recipient] = answer["recipients"]
        self.assertEqual((recipient["recipient"], recipient["class"], recipient["status"], recipient["permanent"]),
                         ("joe@example.net", "unknown-recipient", "5.1.1", True))
        rules = self.folder / "rules"
        rules.write_text("gone 5.1.* 550 user unknown\n")
        _, answer = self.bounce(
            "From: postmaster@example.net\nSubject: Delivery failure\n\n<joe@example.net>:\n550 5.1.1 User unknown\n",
            "--rules", str(rules))
        self.assertEqual((answer["kind"], answer["recipients"][0]["class"]), ("plain-bounce", "gone"))

    def test_complaints_and_answers(self):
        code, answer = self.bounce(
            "From: fbl@isp.example\nTo: abuse@shop.example\nMIME-Version: 1.0\n"
            "Content-Type: multipart/report; report-type=feedback-report; boundary=x\n\n--x\n\nA complaint.\n\n--x\n"
            "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\nUser-Agent: ISP/1\nVersion: 1\n"
            "Original-Rcpt-To: joe@isp.example\nOriginal-Mail-From: <bounce+7@shop.example>\n\n--x\n"
            "Content-Type: message/rfc822\n\nMessage-ID: <1@shop.example>\nSubject: An offer\n\nHello\n--x--\n")
        self.assertEqual((code, answer["kind"], answer["feedback_type"]), (0, "feedback", "abuse"))
        self.assertEqual(answer["message"]["sender"], "bounce+7@shop.example")
        self.assertEqual(answer["recipients"][0]["recipient"], "joe@isp.example")
        code, answer = self.bounce("From: joe@isp.example\nAuto-Submitted: auto-replied\nSubject: away\n\nI am away.\n")
        self.assertEqual((code, answer["kind"]), (0, "autoreply"))
        code, answer = self.bounce("From: joe@isp.example\nSubject: Re: An offer\n\nThanks.\n")
        self.assertEqual((code, answer["kind"]), (1, "ordinary"))
        printed = subprocess.run([postrider.PROGRAM, "bounce", "--print-rules"], capture_output=True, text=True)
        self.assertIn("unknown-recipient", printed.stdout)


if __name__ == "__main__":
    unittest.main()
