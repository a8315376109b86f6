"""The generator against the sink: nothing is lost unseen, failures are failures, the schedule is kept."""

import json
import os
import select
import signal
import socket
import subprocess
import unittest

PROGRAM = os.environ.get("POSTRIDER", "build/src/app/postrider")


class Sink:
    def __init__(self, *options: str):
        self._process = subprocess.Popen([PROGRAM, "sink", "--json", "--port", "0", *options], stdout=subprocess.PIPE, text=True)
        self.port = json.loads(self._process.stdout.readline())["port"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def counts(self, number=signal.SIGTERM) -> dict:
        """Ends it; number 0: it ends by itself."""
        if number:
            self._process.send_signal(number)
        assert select.select([self._process.stdout], [], [], 10)[0], "the sink does not end"
        found = json.loads(self._process.stdout.readline())
        assert self._process.wait(10) == 0
        return found


def load(port: int, *options: str) -> tuple[int, dict]:
    done = subprocess.run([PROGRAM, "load", "--json", "--quiet", "--port", str(port), *options], capture_output=True, text=True, timeout=30)
    return done.returncode, json.loads(done.stdout)


class LoadAndSink(unittest.TestCase):
    def test_every_message_arrives_once(self):
        for options in ([], ["--per-connection", "1"], ["--per-connection", "7"], ["--recipients", "5", "--domains", "3"],
                        ["--size", "100000"]):
            with self.subTest(options=options), Sink() as sink:
                code, sent = load(sink.port, "--messages", "100", "--sessions", "5", *options)
                got = sink.counts()
                self.assertEqual((code, sent["accepted"], sent["failed"]), (0, 100, 0), sent)
                recipients = 5 if "--recipients" in options else 1
                self.assertEqual((got["messages"], got["distinct"], got["duplicates"], got["without_id"]), (100, 100 * recipients, 0, 0))
                self.assertEqual(got["connections"], sent["connections"])
                self.assertEqual(sum(count for _, count in sent["accept_ms"]["buckets"]), 100)

    def test_duplicates_and_loss_are_seen(self):
        with Sink() as sink:
            load(sink.port, "--messages", "10", "--run", "abc")
            load(sink.port, "--messages", "7", "--run", "abc")
            load(sink.port, "--messages", "3", "--run", "abd")
            got = sink.counts(signal.SIGINT)
        self.assertEqual((got["messages"], got["distinct"], got["duplicates"]), (20, 13, 7))

    def test_it_ends_when_all_has_come(self):
        with Sink("--expect", "20") as sink:
            code, _ = load(sink.port, "--messages", "20")
            self.assertEqual((code, sink.counts(0)["distinct"]), (0, 20))

    def test_tls(self):
        for offered, asked in (("--tls", "--starttls"), ("--implicit-tls", "--tls")):
            with self.subTest(asked=asked), Sink(offered) as sink:
                code, sent = load(sink.port, "--messages", "10", "--per-connection", "5", "--sessions", "2", asked)
                self.assertEqual((code, sink.counts()["distinct"]), (0, 10), sent)

    def test_drop_makes_the_generator_report_failures(self):
        with Sink("--drop") as sink:
            code, sent = load(sink.port, "--messages", "10", "--sessions", "2")
            self.assertEqual((code, sent["accepted"], sent["failed"]), (1, 0, 10), sent)
            self.assertEqual(sink.counts()["dropped"], 10)
        with Sink("--drop", "4") as sink:
            code, sent = load(sink.port, "--messages", "20", "--sessions", "1")
            self.assertEqual((code, sent["accepted"], sent["failed"]), (1, 15, 5), sent)

    def test_refusals_are_failures(self):
        with Sink("--fail", "6") as sink:
            code, sent = load(sink.port, "--messages", "10", "--sessions", "2")
            got = sink.counts()
        self.assertEqual((code, sent["accepted"], sent["failed"], got["refused"]), (1, 6, 4, 4))
        self.assertIn("451", next(iter(sent["failures"])))

    def test_nobody_there_is_a_failure(self):
        with socket.socket() as held:  # bound, not listening
            held.bind(("127.0.0.1", 0))
            code, sent = load(held.getsockname()[1], "--messages", "3")
        self.assertEqual((code, sent["failed"]), (1, 3))

    def test_latency_and_tarpit_slow_the_answers(self):
        with Sink("--latency", "100ms") as sink:
            _, sent = load(sink.port, "--messages", "4", "--sessions", "2")
            self.assertGreaterEqual(sent["accept_ms"]["p50"], 100)
        with Sink("--tarpit", "1ms") as sink:
            _, sent = load(sink.port, "--messages", "2", "--sessions", "2")
            self.assertGreaterEqual(sent["accept_ms"]["p50"], 50)  # of four answers, an octet a millisecond

    def test_a_rate_is_kept_and_a_slow_server_is_charged_for_those_who_waited(self):
        with Sink() as sink:
            code, sent = load(sink.port, "--messages", "100", "--rate", "100", "--sessions", "10")
            self.assertEqual(code, 0)
            self.assertGreaterEqual(sent["seconds"], 0.99)
            self.assertLess(sent["seconds"], 3)
        # One session of 50 ms a message takes 20/s; asked for 100/s, the last of 20 waits for nearly a second.
        with Sink("--latency", "50ms") as sink:
            code, sent = load(sink.port, "--messages", "20", "--rate", "100", "--sessions", "1")
            self.assertGreaterEqual(sent["accept_ms"]["max"], 700)
            self.assertGreaterEqual(sent["late_ms"]["max"], 700)

    def test_wrong_usage(self):
        for arguments in (["load", "--starttls", "--tls"], ["load", "--sessions", "0"], ["load", "--auth", "me"], ["load", "--run", "xyz"],
                          ["sink", "--address", "here"], ["sink", "--latency", "soon"]):
            done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=10)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertTrue(done.stderr.startswith("postrider: "), done.stderr)

    def test_a_taken_port_is_told(self):
        with socket.create_server(("127.0.0.1", 0)) as held:
            done = subprocess.run([PROGRAM, "sink", "--port", str(held.getsockname()[1])], capture_output=True, text=True, timeout=10)
        self.assertEqual(done.returncode, 1)
        self.assertTrue(done.stderr.startswith("postrider: "), done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
