"""What a filter held back, worked over HTTP by the one whom it was for, with curl as he would."""

import email
import email.message
import email.policy
import json
import subprocess
import time
import unittest

from filter_peers import FakeRspamd, filed
from hosted import ADA, BOB, HEAD, PASSWORD, Hosted
from postrider import fetched
from wire import Wire


def message(subject: str) -> bytes:
    return HEAD.replace(b"Bob <bob@home", b"Ann <ann@other") % (subject.encode(), subject.encode()) + b"\r\nSome words.\r\n"


class Held(Hosted):
    """Whose filter holds back all mail."""

    def listeners(self):
        rspamd = FakeRspamd({"action": "reject", "score": 20, "required_score": 15})
        rspamd.__enter__()
        self.addCleanup(rspamd.__exit__, None, None, None)
        self.inbound, self.http = fetched.free_port(), fetched.free_port()
        return f"""[[listener]]
service = "inbound"
address = "127.0.0.1:{self.inbound}"
tls = "none"
[[listener]]
service = "http"
address = "127.0.0.1:{self.http}"
tls = "none"
plain_auth = true
[inbound]
spf = "off"
dmarc = "off"
[[filter]]
kind = "rspamd"
address = "127.0.0.1:{rspamd.port}"
on_reject = "quarantine"
{self.quarantine()}"""

    def quarantine(self) -> str:
        return ""

    def hold(self, subject: str, *to: str):
        with Wire(self.inbound) as wire:
            wire.greet()
            wire.begin("ann@other.example", list(to))
            wire.send(message(subject) + b".\r\n")
            self.assertEqual(wire.reply()[0], 250)

    def call(self, path: str, user=ADA, password=PASSWORD, post=False) -> tuple[int, dict | list]:
        done = subprocess.run(["curl", "-s", "-m", "30", "-u", f"{user}:{password}", "-w", "\n%{http_code}",
                               *(["-H", "Content-Type: application/json", "-d", "{}"] if post else []),
                               f"http://127.0.0.1:{self.http}/v1/my/quarantine{path}"], capture_output=True, text=True, check=True)
        body, _, code = done.stdout.rpartition("\n")
        return int(code), json.loads(body) if body.strip() else {}

    def held(self, count: int, user=ADA) -> list[dict]:
        """The list is at most 10 s old."""
        end = time.monotonic() + 30
        while True:
            code, found = self.call("", user)
            self.assertEqual(code, 200, found)
            rows = found if isinstance(found, list) else next(value for value in found.values() if isinstance(value, list))
            if len(rows) == count:
                return rows
            if time.monotonic() > end:
                self.fail(f"{rows}, not {count}")
            time.sleep(0.2)

    def fetch(self, path: str, user=ADA) -> tuple[bytes, bytes]:
        """Header and body, as they came."""
        done = subprocess.run(["curl", "-s", "-i", "-m", "30", "-u", f"{user}:{PASSWORD}", f"http://127.0.0.1:{self.http}/v1/my/quarantine{path}"],
                              capture_output=True, check=True)
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        return head.lower(), body


class UserQuarantine(Held):
    def test_each_decides_for_himself(self):
        self.hold("both", ADA, BOB)
        self.hold("hers", ADA)
        rows = {row["subject"]: row["id"] for row in self.held(2)}
        self.assertEqual(set(rows), {"both", "hers"})
        [his] = self.held(1, BOB)
        self.assertEqual((his["subject"], his["id"]), ("both", rows["both"]))
        self.assertNotIn(BOB, json.dumps(self.call("/" + rows["both"])[1]))  # who else got it is not told
        self.assertEqual(self.call(f"/{rows['hers']}", BOB)[0], 404)
        self.assertEqual(self.call(f"/{rows['hers']}/release", BOB, post=True)[0], 404)
        self.assertEqual(self.call(f"/{rows['hers']}/release")[0], 405)  # a GET changes nothing
        # One releases it, the other deletes it: each has his own way.
        self.assertLess(self.call(f"/{rows['both']}/release", post=True)[0], 300)
        self.assertIn(b"Subject: both", filed(self.server, ADA, 1, "INBOX")[0])
        self.assertLess(self.call(f"/{rows['both']}/delete", BOB, post=True)[0], 300)
        self.assertGreaterEqual(self.call(f"/{rows['both']}/release", post=True)[0], 400)  # it has gone
        self.assertEqual([row["subject"] for row in self.held(1)], ["hers"])
        self.held(0, BOB)
        self.assertEqual(len(filed(self.server, ADA, 1, "INBOX")), 1)
        [deleted] = self.server.wait_for_events("deleted")
        self.assertEqual(deleted["id"], rows["both"])
        self.assertIn(BOB, deleted["text"])

    def test_the_message_itself(self):
        self.hold("hers", ADA)
        [row] = self.held(1)
        head, body = self.fetch(f"/{row['id']}/message")
        self.assertIn(b"200 ok", head)
        self.assertIn(b"content-type: message/rfc822\r\n", head + b"\r\n")
        self.assertIn(b"content-disposition: attachment; filename=\"" + row["id"].lower().encode() + b".eml\"", head)
        self.assertIn(b"x-content-type-options: nosniff", head)
        header, _, text = message("hers").partition(b"\r\n\r\n")
        self.assertIn(header, body)  # what rspamd had to say stands behind it
        self.assertTrue(body.endswith(b"\r\n\r\n" + text), body)
        self.assertEqual(len(body), row["size"])
        self.assertIn(b" 404 ", self.fetch(f"/{row['id']}/message", BOB)[0])
        # The operator has the same, over his socket.
        self.assertEqual(self.server.command("quarantine", "show", row["id"], "--raw").encode(), body.replace(b"\r\n", b"\n"))

    def test_who_asks_must_be_known(self):
        self.hold("hers", ADA)
        self.held(1)
        self.assertEqual(self.call("", password="wrong")[0], 401)
        self.assertEqual(self.call("", user="nobody@home.example")[0], 401)
        self.assertEqual(subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", f"http://127.0.0.1:{self.http}/v1/my/quarantine"],
                                        capture_output=True, text=True, check=True).stdout, "401")
        self.assertTrue(self.server.wait_for_events("login_failed"))


class Digest(Held):
    """Where users are told by mail."""

    def quarantine(self) -> str:
        return '[quarantine]\ndigest_every = "2s"\nurl = "https://mail.home.example"\n'

    def digests(self, count: int, user=ADA) -> list[email.message.EmailMessage]:
        found = [email.message_from_bytes(mail, policy=email.policy.default) for mail in filed(self.server, user, count, "INBOX")]
        return sorted(found, key=lambda mail: mail["Date"].datetime)

    def test_each_message_is_told_once(self):
        hostile = "=?utf-8?q?first=0D=0ABcc:_x=E2=80=AE?= http://evil.example"
        self.hold(hostile, ADA)
        [digest] = self.digests(1)
        self.assertEqual(digest["From"], "postmaster@mail.home.example")
        self.assertEqual(digest["To"], ADA)
        self.assertEqual(digest["Auto-Submitted"], "auto-generated")
        self.assertEqual(digest["Return-Path"], "<>")
        self.assertIsNone(digest["Bcc"])
        words = digest.get_content()
        [row] = self.held(1)
        for wanted in (row["id"], "ann@other.example", "rspamd", "first", f"curl -u {ADA} https://mail.home.example/v1/my/quarantine/ID/message"):
            self.assertIn(wanted, words)
        self.assertNotIn("\u202e", words)
        self.assertNotIn("http://evil", words)
        self.server.kill()
        self.server.start()
        self.hold("second", ADA, BOB)
        told = [mail.get_content() for mail in self.digests(2)]
        self.assertEqual([row["id"] in words for words in told], [True, False])
        self.assertIn("second", told[1])
        self.assertIn("second", self.digests(1, BOB)[0].get_content())
        self.hold("third", ADA)
        last = self.digests(3)
        self.assertEqual(len(last), 3)
        self.assertIn("third", last[2].get_content())
        self.assertNotIn("second", last[2].get_content())


if __name__ == "__main__":
    unittest.main()
