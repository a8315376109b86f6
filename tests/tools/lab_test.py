"""The speed lab's own arithmetic: a wrong leg gives no figure, ratios are the right way round, stacks fold into stages."""

import collections
import sys
import unittest
from pathlib import Path
from types import SimpleNamespace
from xml.dom import minidom

BENCH = Path(__file__).resolve().parent.parent.parent / "bench"
sys.path[:0] = [str(BENCH / "peers"), str(BENCH / "lab")]
import flame_graph  # noqa: E402
import leg  # noqa: E402
import measured  # noqa: E402
import report  # noqa: E402
import runner  # noqa: E402
import stages  # noqa: E402
import workloads  # noqa: E402

FULL = {"distinct": 10, "duplicates": 0}


class Lab(unittest.TestCase):
    def test_a_leg_that_lost_anything_gives_no_figure(self):
        leg.refuse_wrong({"failed": 0}, FULL, 10)
        for load, sink in (({"failed": 1, "failures": {"421 too many": 1}}, FULL), ({"failed": 0}, {**FULL, "distinct": 9}),
                           ({"failed": 0}, {**FULL, "duplicates": 1})):
            with self.subTest(load=load, sink=sink), self.assertRaises(leg.Wrong) as wrong:
                leg.refuse_wrong(load, sink, 10)
            if load["failed"]:
                self.assertIn("421 too many", str(wrong.exception))

    def test_a_wrong_leg_fails_the_run_and_its_row_says_why(self):
        class Losing:
            name, share = "postrider", 1

        def lose(*_):
            raise leg.Wrong("3 lost, 0 twice, 3 refused")

        given = SimpleNamespace(rounds=2, scale=1, program="none")
        workload = workloads.Workload("lossy", "G", "", 10, kind="lossy")
        runner.LEGS["lossy"] = lose
        try:
            legs, problems = runner.run(given, workload, [Losing])
            self.assertEqual((legs["postrider"], problems["postrider"]), ([], "WRONG: 3 lost, 0 twice, 3 refused"))
            self.assertEqual([row[:3] for row in report.rows_of(workload, legs, problems)], [["lossy: postrider", "-", "not measured"]])
            self.assertEqual(runner.run_all(given, [workload], [Losing]), 1)
        finally:
            del runner.LEGS["lossy"]

    def test_ratios_say_more_for_speed_and_less_for_cost(self):
        legs = {"floor": [{"cpu": 0.05, "version": ""}], "postrider": [{"delivered": 1000, "cpu": 0.1, "version": ""}],
                "postfix": [{"delivered": 500, "cpu": 2.0, "version": ""}]}
        rows = {row[0]: (row[1], row[2]) for row in report.rows_of(workloads.WORKLOADS["relay"], legs, {})}
        self.assertEqual(rows["relay: postrider against postfix: delivered"], ("2", "times more"))
        self.assertEqual(rows["relay: postrider against postfix: cpu"], ("20", "times less"))
        self.assertEqual(rows["relay: postrider against floor: cpu"], ("2", "times more"))

    def test_workloads_are_chosen_by_name_or_letter(self):
        self.assertEqual([each.name for each in workloads.named(["B", "relay"])], ["large", "huge", "relay"])
        self.assertEqual({each.letter for each in workloads.named([])}, set("ABCDEFGH"))
        with self.assertRaises(ValueError):
            workloads.named(["Z"])

    def test_every_workload_has_options_and_a_warm_up(self):
        for workload in workloads.ALL:
            self.assertIn("--size", workload.load())
            self.assertEqual("--auth" in workload.load(), bool(workload.setup.get("login")))
            self.assertLessEqual(workload.warm_up(40), 40)
        few = SimpleNamespace(sessions_max=4)
        self.assertEqual(workloads.WORKLOADS["relay"].load(few)[1], "4")

    def test_latencies_of_several_reports_are_one(self):
        together = {}
        measured.merge_latencies(together, [[1.0, 98], [5.0, 1]])
        measured.merge_latencies(together, [[1.0, 0], [9.0, 1]])
        self.assertEqual([measured.quantile(together, share) for share in (0.5, 0.99, 1.0)], [1.0, 5.0, 9.0])
        self.assertEqual(measured.quantile({}, 0.5), 0.0)

    def test_symbols_lose_what_nobody_reads(self):
        for symbol, wanted in (("postrider::smtp::Session::run(std::basic_string_view<char, std::char_traits<char> >) const", "postrider::smtp::Session::run"),
                               ("rocksdb::(anonymous namespace)::Posix::Append(int)", "rocksdb::Posix::Append"), ("tcp_sendmsg", "tcp_sendmsg"),
                               ("[unknown]", "[unknown]")):
            self.assertEqual(flame_graph.short(symbol), wanted)

    def test_each_sample_has_one_stage(self):
        for stack, wanted in ((("core-0", "run", "postrider::store::Committer::run", "rocksdb::DBImpl::Write", "memcpy"), "memory: copy, compare, clear"),
                              (("committer", "rocksdb::DBImpl::Write", "rocksdb::MemTable::Add"), "store: RocksDB"),
                              (("core-0", "postrider::engine::Ring::turn", "do_syscall_64", "tcp_sendmsg", "tcp_write_xmit"), "kernel: network"),
                              (("core-0", "postrider::dkim::sign", "wc_RsaFunction"), "TLS and signatures"),
                              (("core-0", "L_256_get_entry_65_avx2_4_start"), "TLS and signatures"),
                              (("core-0", "do_syscall_64", "futex_wait"), "kernel: io_uring, scheduling, the rest"),
                              (("core-0", "start"), "the rest")):
            self.assertEqual(stages.stage_of(stack), wanted, stack)
        shares = stages.shares(collections.Counter({("a", "rocksdb::x"): 3, ("a", "b"): 1}))
        self.assertEqual(shares, [("store: RocksDB", 0.75), ("the rest", 0.25)])

    def test_a_flame_graph_is_as_wide_as_its_counts(self):
        drawn = minidom.parseString(flame_graph.svg(collections.Counter({("t", "a<b>", "c"): 3, ("t", "d"): 1}), "x & y"))
        titles = [node.firstChild.data for node in drawn.getElementsByTagName("title")]
        self.assertEqual(titles, ["all: 100.0%", "t: 100.0%", "a<b>: 75.0%", "c: 75.0%", "d: 25.0%"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
