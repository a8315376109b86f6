"""What operators do: the first account, check, reload, stop, the queue's commands, a second server, log rotation."""

import json
import os
import signal
import socket
import ssl
import stat
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import postrider
from postrider import Server, fetched, make_certificate
from wire import Host, Wire

USER, PASSWORD = "app@shop.example", "correct horse battery staple"


def route(port: int, domain="*") -> str:
    return f'[[route]]\ndomain = "{domain}"\nvia = ["127.0.0.1:{port}"]\n'


class Operate(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="postrider-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def serve(self, start=True, **options) -> Server:
        server = Server(self.folder / "p", **options)
        self.addCleanup(server.kill)
        if start:
            server.start()
        return server

    def sink(self, **options) -> Host:
        host = Host(**options)
        self.addCleanup(host.stop)
        return host

    def wait(self, is_so, what, seconds=20):
        end = time.monotonic() + seconds
        while not (found := is_so()):
            self.assertLess(time.monotonic(), end, f"not in {seconds} s: {what}")
            time.sleep(0.02)
        return found

    def run_program(self, *arguments, **options):
        return subprocess.run([postrider.PROGRAM, *arguments], capture_output=True, text=True, timeout=60, **options)

    def submit(self, server, to="x@far.example", name="m") -> str:
        with Wire(server.relay) as wire:
            wire.greet()
            wire.begin(USER, [to])
            text = wire.expect(250, f"From: {USER}\r\nSubject: {name}\r\n\r\n{name}\r\n.")
            return text.rsplit(" ", 1)[1]

    # -- before the start, and check ---------------------------------------------------------------------------------

    def test_an_account_before_the_first_start(self):
        server = self.serve(start=False)
        server.add_account(USER, PASSWORD)
        self.assertIn(USER, server.command("account", "list"))
        server.start()
        with Wire(server.submissions, tls=True) as wire:
            wire.greet()
            wire.log_in(USER, PASSWORD)
        self.assertEqual(server.stop(), 0)

    def test_check_names_every_problem(self):
        bad = self.folder / "bad.toml"
        bad.write_text('hostnam = "mail.example.org"\ndata_dir = "data"\n[[listener]]\naddress = "nowhere"\n'
                       '[delivery]\nretry = ["soon"]\nporrt = 25\n[[dkim]]\ndomain = "a.example"\nselector = "s"\nkey = "none.pem"\n')
        done = self.run_program("check", "--config", str(bad))
        self.assertEqual(done.returncode, 1)
        for text in ("bad.toml:1:", "hostname", "bad.toml:4:", "nowhere", "bad.toml:6:", "soon", "bad.toml:7:", "porrt", "none.pem"):
            self.assertIn(text, done.stdout + done.stderr)
        problems = json.loads(self.run_program("check", "--config", str(bad), "--json").stdout)
        self.assertGreaterEqual(len(problems if isinstance(problems, list) else problems["problems"]), 5)
        self.assertEqual(self.run_program("serve", "--config", str(bad)).returncode, 1)
        self.assertEqual(self.run_program("check", "--config", str(self.serve(start=False).config)).returncode, 0)
        self.assertEqual(self.run_program("check", "--confg", "x").returncode, 2)

    # -- start and stop -----------------------------------------------------------------------------------------------

    def test_supervisor_socket_and_a_second_server(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
            notified.bind(str(self.folder / "notify"))
            notified.settimeout(30)
            server = self.serve(env={"NOTIFY_SOCKET": str(self.folder / "notify")}, settings=route(fetched.free_port()))
            self.assertEqual(notified.recv(100), b"READY=1")
            control = server.folder / "data" / "control.sock"
            self.assertEqual(stat.S_IMODE(control.stat().st_mode), 0o600)
            second = self.run_program("serve", "--config", str(server.config))
            self.assertEqual(second.returncode, 1)
            self.assertRegex(second.stderr, r"(?i)data.*(in use|another|lock|already)")
            self.assertNotIn("terminate", second.stderr)
            self.submit(server)  # the first is unharmed
            self.assertIn("far.example", server.command("queue", "summary"))
            self.assertEqual(server.stop(), 0)
            self.assertEqual(notified.recv(100), b"STOPPING=1")

    def test_the_queue_of_a_stopped_server(self):
        server = self.serve(settings=route(fetched.free_port()))
        message = self.submit(server)
        self.wait(lambda: server.queue("state=deferred"), "deferred")
        self.assertEqual(server.stop(), 0)
        done = self.run_program("queue", "list", "--config", str(server.config))
        self.assertTrue((done.returncode == 0 and message in done.stdout) or (done.returncode == 1 and done.stderr),
                        (done.returncode, done.stdout, done.stderr))

    def test_queued_mail_outlives_a_restart(self):
        port = fetched.free_port()
        server = self.serve(settings=route(port), delivery='retry = ["1h"]\n')
        ids = [self.submit(server, name=f"m{i}") for i in range(5)]
        self.wait(lambda: len(server.queue("state=deferred")) == 5, "deferred")
        server.stop()
        sink = self.sink(port=port)
        server.start()
        # A restart alone makes nothing due: the schedule stands. Fresh mail goes out, and what an operator asks for.
        server.command("queue", "retry", "--where", "age>=0s")
        sink.wait_for(5)
        self.assertEqual(len(ids), 5)
        server.wait_until_empty()

    def test_a_stop_in_the_middle_of_data(self):
        sink = self.sink()
        server = self.serve(settings=route(sink.port))
        with Wire(server.relay) as slow, Wire(server.relay) as idle:
            slow.greet()
            idle.greet()
            slow.begin(USER, ["slow@far.example"])
            slow.send_pieces([f"From: {USER}\r\n".encode(), b"Subject: slow\r\n"])
            os.kill(server.pid, signal.SIGTERM)
            self.assertEqual([code for code, _ in idle.replies_to_the_end()], [421])
            slow.send(b"\r\nend\r\n.\r\n")
            accepted = slow.reply()[0]
            self.assertIn(accepted, (250, 421))
        self.assertEqual(server.stop(), 0)
        server.start()
        if accepted == 250:
            sink.wait_for(1)
        server.wait_until_empty()
        self.assertEqual(len(sink.messages), 1 if accepted == 250 else 0)

    # -- reload -------------------------------------------------------------------------------------------------------

    def fingerprint(self, server) -> bytes:
        with Wire(server.submissions, tls=True) as wire:
            wire.greet()
            return wire.socket.getpeercert(binary_form=True)

    def test_reload(self):
        server = self.serve()
        before = self.fingerprint(server)
        with Wire(server.submissions, tls=True) as old:
            old.greet()
            make_certificate(server.folder, "mail.example.org")
            server.hangup()
            after = self.wait(lambda: (now := self.fingerprint(server)) != before and now, "the new certificate")
            self.assertEqual(ssl.DER_cert_to_PEM_cert(after).strip(),
                             (server.folder / "mail.example.org.crt").read_text().strip())
            old.expect(250, "NOOP")
            text = server.config.read_text()
            server.config.write_text(text + "[nonsense]\nx = 1\n")
            server.hangup()
            self.wait(lambda: "nonsense" in server.log.read_text() and "not reloaded" in server.log.read_text(), "says why")
            self.assertEqual(self.fingerprint(server), after)
            server.config.write_text(text)
            (server.folder / "mail.example.org.crt").write_text("no certificate")
            offset = len(server.log.read_text())
            server.hangup()
            self.wait(lambda: "not reloaded" in server.log.read_text()[offset:], "says why")
            self.assertIn("mail.example.org.crt", server.log.read_text()[offset:])
            self.assertEqual(self.fingerprint(server), after)
            old.expect(250, "NOOP")
        self.assertEqual(server.stop(), 0)

    def test_log_rotation(self):
        server = self.serve(settings=route(fetched.free_port()))
        self.submit(server, name="one")
        server.wait_for_events("received")
        rotated = server.events.with_suffix(".1")
        server.events.rename(rotated)
        server.hangup()
        self.wait(server.events.exists, "a new log")
        second = self.submit(server, name="two")
        [event] = server.wait_for_events("received")
        self.assertEqual(event["id"], second)
        self.assertIn('"received"', rotated.read_text())

    # -- the queue ----------------------------------------------------------------------------------------------------

    def test_the_queue_commands(self):
        port = fetched.free_port()
        server = self.serve(settings=route(port), delivery='retry = ["1h"]\n')
        ids = {name: self.submit(server, f"{name}@{name}.example", name) for name in ("a", "b", "c", "d")}
        self.wait(lambda: len(server.queue("state=deferred")) == 4, "deferred")

        summary = json.loads(server.command("queue", "summary", "--json"))
        self.assertEqual({(row["domain"], row["state"], row["count"]) for row in summary},
                         {(f"{name}.example", "deferred", 1) for name in ids})
        self.assertIn("a.example", server.command("queue", "summary", "--where", "domain=a.example"))
        self.assertNotIn("b.example", server.command("queue", "summary", "--where", "domain=a.example"))
        self.assertIn(ids["a"], server.command("queue", "list"))
        # Two cores can take in a message in the same millisecond: their order is not the test's.
        self.assertEqual({row["id"] for row in server.queue("recipient=b@b.example or id=" + ids["c"])}, {ids["b"], ids["c"]})
        self.assertEqual(server.queue("age>1h"), [])
        shown = json.loads(server.command("queue", "show", ids["a"], "--json"))
        self.assertIn("a@a.example", json.dumps(shown))
        self.assertIn(USER, server.command("queue", "show", ids["a"]))
        raw = server.command("queue", "show", ids["a"], "--raw")
        self.assertIn("Subject: a\n", raw.replace("\r\n", "\n"))
        self.assertTrue(raw.replace("\r\n", "\n").endswith("\n\na\n"), raw)
        why = json.dumps(json.loads(server.command("queue", "why", ids["a"], "--json")))
        self.assertIn("refused", why)
        self.assertIn("refused", server.command("queue", "why", ids["a"]))
        self.assertIsInstance(json.loads(server.command("queue", "quarantine", "--json")), (list, dict))

        server.command("queue", "hold", ids["a"], "--reason", "looks odd")
        self.assertEqual(server.queue("state=held")[0]["id"], ids["a"])
        self.assertIn("looks odd", server.command("queue", "why", ids["a"]))
        server.command("queue", "delete", ids["d"])
        server.command("queue", "bounce", ids["c"], "--reason", "not wanted")
        [bounced] = server.wait_for_events("bounced")
        self.assertEqual((bounced["to"], bounced["text"]), ("c@c.example", "not wanted"))
        self.wait(lambda: any(row["from"] == "" and row["to"] == USER for row in server.queue()), "a report to the sender")
        self.assertEqual({row["id"] for row in server.queue() if row["from"]}, {ids["a"], ids["b"]})

        sink = self.sink(port=port)
        done = json.loads(server.command("queue", "retry", "--where", "domain=b.example", "--json"))
        self.assertEqual(done["matched"], 1)
        sink.wait_for(1)
        server.command("queue", "release", ids["a"])
        self.wait(lambda: any(b"Subject: a\r\n" in message for message in sink.messages), "released mail goes out")
        server.command("queue", "retry", "--where", "state=deferred", code=None)
        server.wait_until_empty()
        self.assertEqual(sorted(sum(b"Subject: %s\r\n" % name.encode() in m.split(b"\r\n\r\n")[0] + b"\r\n" for m in sink.messages)
                                for name in ids), [0, 0, 1, 1])

    def test_exit_codes(self):
        server = self.serve()
        def code(*arguments):
            return subprocess.run([postrider.PROGRAM, *arguments, "--config", str(server.config)], capture_output=True,
                                  text=True, timeout=60).returncode
        self.assertEqual(code("queue", "list"), 0)
        self.assertEqual(code("queue", "show", "0AAAAAAAAAAAA"), 1)
        self.assertEqual(code("queue", "why", "0AAAAAAAAAAAA"), 1)
        self.assertEqual(code("queue", "delete", "0AAAAAAAAAAAA"), 1)
        self.assertIn(code("queue", "list", "--where", "nosuch=1"), (1, 2))
        self.assertEqual(code("queue", "list", "--nosuch"), 2)
        self.assertEqual(code("queue"), 2)
        self.assertEqual(code("queue", "delete"), 2)  # nothing is named: surely not everything is meant
        self.assertEqual(code("account", "remove", "nobody@shop.example"), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
