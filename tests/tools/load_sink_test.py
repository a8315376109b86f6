"""The generator against the sink: nothing is lost unseen, failures are failures, the schedule is kept."""

import base64
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import threading
import unittest

PROGRAM = os.environ.get("POSTRIDER", "build/src/app/postrider")


class Sink:
    def __init__(self, *options: str):
        self._process = subprocess.Popen([PROGRAM, "sink", "--json", "--quiet", "--port", "0", *options], stdout=subprocess.PIPE, text=True)
        self.port = json.loads(self._process.stdout.readline())["port"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def report(self) -> dict:
        """Its counts so far; latencies count anew from here."""
        self._process.send_signal(signal.SIGUSR1)
        assert select.select([self._process.stdout], [], [], 10)[0], "the sink does not report"
        return json.loads(self._process.stdout.readline())

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


def take_one_message(server: socket.socket, auth_answer: str, heard: list) -> None:
    """Speaks as much of SMTP as one message with AUTH needs; what AUTH said goes into heard."""
    connection, _ = server.accept()
    with contextlib.suppress(ConnectionResetError), connection, connection.makefile("rw", newline="\r\n") as stream:
        stream.write("220 x\r\n")
        stream.flush()
        in_data = False
        for line in stream:
            verb = line.split()[0].upper() if line.split() else ""
            if in_data:
                in_data = line != ".\r\n"
                answer = None if in_data else "250 taken"
            elif verb == "AUTH":
                heard.append(line)
                answer = auth_answer
            else:
                in_data = verb == "DATA"
                answer = {"DATA": "354 go on", "EHLO": "250-x\r\n250 AUTH PLAIN", "QUIT": "221 bye"}.get(verb, "250 ok")
            if answer:
                stream.write(answer + "\r\n")
                stream.flush()


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

    def test_deliveries_are_timed_from_the_generator_on(self):
        with Sink() as sink:
            load(sink.port, "--messages", "50", "--sessions", "2")
            first = sink.report()
            self.assertEqual((first["messages"], sum(count for _, count in first["deliver_ms"]["buckets"])), (50, 50))
            self.assertLess(first["deliver_ms"]["p50"], 1000)
            load(sink.port, "--messages", "3", "--recipients", "2")
            second = sink.counts()
            self.assertEqual((second["messages"], sum(count for _, count in second["deliver_ms"]["buckets"])), (53, 6))
        with Sink("--latency", "50ms") as sink:
            load(sink.port, "--messages", "20", "--rate", "100", "--sessions", "1")
            self.assertGreaterEqual(sink.counts()["deliver_ms"]["max"], 700)

    def test_both_tell_how_far_they_are(self):
        with subprocess.Popen([PROGRAM, "sink", "--port", "0", "--latency", "300ms", "--expect", "5"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as sink:
            port = sink.stdout.readline().rpartition(":")[2].strip()
            sent = subprocess.run([PROGRAM, "load", "--port", port, "--messages", "5", "--sessions", "1"], capture_output=True, text=True, timeout=30)
            out, progress = sink.communicate(timeout=10)
        self.assertIn("of 5 accepted", sent.stderr)
        self.assertIn("accept latency", sent.stdout)
        self.assertIn("messages, ", progress)
        self.assertIn("from the generator to here", out)

    def test_auth_is_sent_and_its_refusal_is_a_failure(self):
        for answer, accepted in (("235 2.7.0 ok", 1), ("535 5.7.8 no", 0)):
            with self.subTest(answer=answer), socket.create_server(("127.0.0.1", 0)) as server:
                heard = []
                thread = threading.Thread(target=take_one_message, args=(server, answer, heard))
                thread.start()
                code, sent = load(server.getsockname()[1], "--messages", "1", "--auth", "ann@example.org:secret")
                thread.join(10)
                self.assertEqual((code, sent["accepted"]), (1 - accepted, accepted), sent)
                self.assertEqual(base64.b64decode(heard[0].split()[2]), b"\0ann@example.org\0secret")

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
