"""What a filter held back, worked over HTTP by the one whom it was for, with curl as he would."""

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


class UserQuarantine(Hosted):
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
"""

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

    def test_who_asks_must_be_known(self):
        self.hold("hers", ADA)
        self.held(1)
        self.assertEqual(self.call("", password="wrong")[0], 401)
        self.assertEqual(self.call("", user="nobody@home.example")[0], 401)
        self.assertEqual(subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", f"http://127.0.0.1:{self.http}/v1/my/quarantine"],
                                        capture_output=True, text=True, check=True).stdout, "401")
        self.assertTrue(self.server.wait_for_events("login_failed"))


if __name__ == "__main__":
    unittest.main()
