#!/usr/bin/python3
"""Each gate fails on a planted violation, in a small tree of its own, and is content without it."""

import shutil
import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

import contents
import doors
import formatting
import layers
import lint
import places
import rfc_index
import tree

PROJECT = Path(__file__).resolve().parents[2]

ARCHITECTURE = """\
    ```
    base:            -
    engine:          base
    codec/dns:       base
    codec/smtp:      base codec/dns          (a note)
    store:           base engine
    net:             base engine codec/dns
    flow:            base engine codec/* net store
    service/X:       base engine codec/* net store flow     (never service/Y)
    app:             everything
    tools:           base
    tests, bench/micro, fuzz: everything, private headers too
    ```
    ```
    liburing.h liburing/: src/engine/* (1 file)
    rocksdb/: src/store/rocks_*
    wolfssl/: src/net/tls* src/base/*
    ldns/: src/codec/dns/*
    ```
"""

INDEX = "rfc\tsection\ttitle\tstatus\twhere\n"


class Planted(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="postrider-gates-")
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for style in (".clang-format", ".clang-tidy"):
            shutil.copy(PROJECT / style, self.root / style)
        self.plant("docs/architecture.md", ARCHITECTURE)
        self.plant("docs/rfc_index.tsv", INDEX)
        self.plant("include/postrider/base/text.hpp", "#pragma once\n#include <string>\n")
        self.plant("include/postrider/engine/task.hpp", "#pragma once\n#include <postrider/base/text.hpp>\n")
        self.plant("src/codec/smtp/meson.build", "codec_smtp_needs = [base_dep, codec_dns_dep]\n")
        self.plant("src/store/meson.build", "store_needs = [base_dep, engine_dep]\n")
        self.plant("src/engine/meson.build", "")
        self.plant("src/engine/ring.hpp", "#pragma once\n")

    def plant(self, path, text):
        where = self.root / path
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_text(textwrap.dedent(text))

    def assert_caught(self, gate, path, words):
        problems = gate.check(self.root)
        self.assertTrue(any(problem.path == path and words in problem.text for problem in problems),
                        f"wanted a problem of {path} with {words!r}, got {[str(each) for each in problems]}")

    def assert_content(self, gate):
        self.assertEqual([str(problem) for problem in gate.check(self.root)], [])


class Layers(Planted):
    def test_is_content_with_what_the_table_allows(self):
        self.plant("src/service/smtp/session.cpp", '#include "session.hpp"\n#include <postrider/engine/task.hpp>\n')
        self.plant("src/service/smtp/session.hpp", "#pragma once\n")
        self.plant("src/app/command_line.cpp", '#include "made_by_the_build.hpp"\n')
        self.plant("tests/engine/ring_test.cpp", '#include "engine/ring.hpp"\n')
        self.plant("tools/load/load.cpp", "#include <postrider/base/text.hpp>\n")
        self.assert_content(layers)

    def test_catches_a_cycle_in_the_table(self):
        self.plant("docs/architecture.md", ARCHITECTURE.replace("engine:          base", "engine:          base flow"))
        self.assert_caught(layers, "docs/architecture.md", "has a cycle")

    def test_catches_services_that_see_each_other(self):
        self.plant("docs/architecture.md", ARCHITECTURE.replace("net store flow     (never", "net store flow service/X (never"))
        self.plant("include/postrider/service/imap/x.hpp", "#pragma once\n")
        self.plant("src/service/smtp/a.cpp", "#include <postrider/service/imap/x.hpp>\n")
        self.assert_caught(layers, "src/service/smtp/a.cpp", "service/smtp may not include service/imap")

    def test_catches_a_missing_table(self):
        self.plant("docs/architecture.md", "no table\n")
        self.assert_caught(layers, "docs/architecture.md", "no layer table")

    def test_catches_a_line_that_is_no_row(self):
        self.plant("docs/architecture.md", ARCHITECTURE.replace("tools:           base", "tools base"))
        self.assert_caught(layers, "docs/architecture.md", "not a row")

    def test_catches_a_need_without_a_row(self):
        self.plant("docs/architecture.md", ARCHITECTURE.replace("engine:          base", "engine:          base codec/nntp"))
        self.assert_caught(layers, "docs/architecture.md", "no room of the table")

    def test_catches_an_upward_include_in_a_source(self):
        self.plant("src/codec/smtp/framer.cpp", "#include <postrider/engine/task.hpp>\n")
        self.assert_caught(layers, "src/codec/smtp/framer.cpp", "codec/smtp may not include engine")

    def test_catches_an_upward_include_in_a_door(self):
        self.plant("include/postrider/base/text.hpp", "#pragma once\n#include <postrider/engine/task.hpp>\n")
        self.assert_caught(layers, "include/postrider/base/text.hpp", "base may not include engine")

    def test_catches_an_include_in_tools_past_their_row(self):
        self.plant("tools/load/load.cpp", "#include <postrider/engine/task.hpp>\n")
        self.assert_caught(layers, "tools/load/load.cpp", "tools may not include engine")

    def test_catches_private_headers_of_other_rooms(self):
        for header in ("../engine/ring.hpp", "engine/ring.hpp"):
            self.plant("src/store/commit.cpp", f'#include "{header}"\n')
            self.assert_caught(layers, "src/store/commit.cpp", "is private to engine")

    def test_catches_a_private_header_in_a_door(self):
        self.plant("include/postrider/engine/task.hpp", '#pragma once\n#include "ring.hpp"\n')
        self.assert_caught(layers, "include/postrider/engine/task.hpp", "is private")

    def test_catches_linking_past_the_table(self):
        self.plant("src/store/meson.build", "store_needs = [base_dep, codec_smtp_dep]\n")
        self.assert_caught(layers, "src/store/meson.build", "store may not link codec/smtp")

    def test_catches_a_room_without_a_row(self):
        self.plant("src/nntp/feed.cpp", "\n")
        self.assert_caught(layers, "src/nntp/feed.cpp", "no room of the layer table")

    def test_catches_a_door_that_does_not_exist(self):
        self.plant("src/engine/ring.cpp", "#include <postrider/base/gone.hpp>\n")
        self.assert_caught(layers, "src/engine/ring.cpp", "does not exist")

    def test_ignores_includes_in_comments(self):
        self.plant("src/codec/smtp/framer.cpp", "/*\n#include <postrider/engine/task.hpp>\n*/\n")
        self.assert_content(layers)


class Places(Planted):
    def test_is_content_with_headers_in_their_places(self):
        self.plant("src/engine/uring.cpp", "#include <liburing.h>\n#include <vector>\n")
        self.plant("src/store/rocks_db.cpp", "#include <rocksdb/db.h>\n")
        self.plant("src/store/rocks_queue.cpp", "#include <rocksdb/db.h>\n")
        self.plant("include/postrider/net/socket.hpp", "#pragma once\n#include <sys/socket.h>\n#include <cstdint>\n")
        self.assert_content(places)

    def test_catches_headers_out_of_their_places(self):
        for path, header in (("src/net/stream.cpp", "liburing.h"), ("src/store/queue.cpp", "rocksdb/db.h"),
                             ("src/net/resolver.cpp", "ldns/ldns.h"), ("src/net/stream.cpp", "wolfssl/ssl.h"),
                             ("tools/load/load.cpp", "wolfssl/ssl.h")):
            self.plant(path, f"#include <{header}>\n")
            self.assert_caught(places, path, f"<{header}> belongs to")

    def test_catches_a_second_file_where_one_is_allowed(self):
        self.plant("src/engine/uring.cpp", "#include <liburing.h>\n")
        self.plant("src/engine/zero_copy.cpp", "#include <liburing.h>\n")
        self.assert_caught(places, "src/engine/zero_copy.cpp", "1 of them may")

    def test_catches_third_parties_in_doors(self):
        for header in ("fmt/core.h", "liburing.h", "gtest/gtest.h", "simdjson.h", "tsl/robin_map.h"):
            self.plant("include/postrider/base/text.hpp", f"#pragma once\n#include <{header}>\n")
            self.assert_caught(places, "include/postrider/base/text.hpp", "stands in a public door")

    def test_catches_a_missing_table(self):
        self.plant("docs/architecture.md", "no table\n")
        self.assert_caught(places, "docs/architecture.md", "no table")


class Contents(Planted):
    def test_is_content_with_words_in_comments_and_literals(self):
        self.plant("src/codec/smtp/framer.cpp",
                   "// never co_await here, nor now()\nconst char* a = \"co_await\";\nint now_ms(int now);\n")
        self.plant("src/engine/mailbox.cpp", "struct CoreMailbox {};\nint randomly(Random& random);\n")
        self.assert_content(contents)

    def test_catches_what_a_room_must_never_contain(self):
        for path, line, words in (
                ("src/codec/smtp/a.cpp", "co_await next();", "asks by an action"),
                ("src/codec/smtp/a.cpp", "auto t = std::chrono::system_clock::now();", "take the time"),
                ("src/codec/smtp/a.cpp", "auto t = time(nullptr);", "take the time"),
                ("src/codec/dns/a.cpp", "#include <sys/socket.h>", "sockets"),
                ("src/codec/dns/a.cpp", "int fd = ::socket(1, 2, 3);", "sockets"),
                ("src/codec/smtp/a.cpp", "std::cerr << 1;", "the caller logs"),
                ("src/codec/smtp/a.cpp", "fmt::print(x);", "the caller logs"),
                ("src/codec/smtp/a.cpp", "std::random_device source;", "take a Random"),
                ("src/codec/smtp/a.cpp", "rocksdb::DB* db;", "knows no store"),
                ("include/postrider/base/a.hpp", "struct SmtpReply;", "no mail words"),
                ("include/postrider/base/a.hpp", "int recipient_count();", "no mail words"),
                ("src/base/a.cpp", "clock_gettime(0, nullptr);", "take the time"),
                ("src/base/ids.cpp", "getrandom(a, b, 0);", "SystemRandom alone"),
                ("src/engine/a.cpp", "void on_smtp_line();", "no protocol word"),
                ("src/engine/a.cpp", 'auto s = "HTTP/1.1";', "no protocol word"),
                ("src/net/a.cpp", "bool dmarc_pass;", "no mail policy"),
                ("src/store/a.cpp", "int parse_smtp();", "parses no protocol"),
                ("src/flow/a.cpp", "auto t = std::chrono::steady_clock::now();", "ask the reactor"),
        ):
            with self.subTest(path=path, line=line):
                self.plant(path, line + "\n")
                self.assert_caught(contents, path, words)
                (self.root / path).unlink()

    def test_lets_only_the_random_source_read_the_kernel(self):
        self.plant("src/base/random.cpp", "getrandom(a, b, 0);\n")
        self.assert_content(contents)

    def test_catches_drawers(self):
        for path in ("src/base/util.cpp", "src/base/helpers/x.hpp", "include/postrider/net/manager.hpp", "tests/common/x.py"):
            with self.subTest(path=path):
                self.plant(path, "\n")
                self.assert_caught(contents, path, "a drawer")
                (self.root / path).unlink()


class Doors(Planted):
    def test_is_content_with_headers_that_stand_alone(self):
        self.assert_content(doors)

    def test_catches_a_header_that_needs_another(self):
        self.plant("include/postrider/base/ids.hpp", "#pragma once\ninline std::string name();\n")
        self.assert_caught(doors, "include/postrider/base/ids.hpp", "does not compile alone")

    def test_catches_a_header_without_a_guard(self):
        self.plant("include/postrider/base/ids.hpp", "struct Twice {};\n")
        self.assert_caught(doors, "include/postrider/base/ids.hpp", "redefinition")

    def test_judges_again_when_an_included_header_changes(self):
        cache = self.root / "cache"
        self.assertEqual(doors.check(self.root, cache=cache), [])
        self.assertTrue(any(cache.iterdir()))
        self.plant("include/postrider/base/text.hpp", "#pragma once\nbroken\n")
        broken = {problem.path for problem in doors.check(self.root, cache=cache)}
        self.assertEqual(broken, {"include/postrider/base/text.hpp", "include/postrider/engine/task.hpp"})


class RfcIndex(Planted):
    def test_is_content_when_both_sides_agree(self):
        self.plant("docs/rfc_index.tsv", INDEX + "5321\t4.5.2\tTransparency\timplemented\tsrc/codec/smtp/framer.cpp\n"
                   "5321\t4.5.3.1.4\tCommand Line\tplanned\t-\n6531\t-\tSMTPUTF8\tplanned\t-\n")
        self.plant("src/codec/smtp/framer.cpp", "// RFC 5321 4.5.2: a dot is doubled. RFC 6531 and RFC 5321 as a whole.\n")
        self.assert_content(rfc_index)

    def test_catches_a_section_without_a_row_and_says_what_to_add(self):
        self.plant("src/codec/smtp/framer.cpp", "// RFC 5321 4.5.2: a dot is doubled.\n")
        self.assert_caught(rfc_index, "src/codec/smtp/framer.cpp", "tools/rfc add 5321 4.5.2")

    def test_catches_an_appendix_without_a_row(self):
        self.plant("src/codec/smtp/framer.cpp", "// RFC 6376 A.1 shows it.\n")
        self.assert_caught(rfc_index, "src/codec/smtp/framer.cpp", "RFC 6376 A.1 is not in")

    def test_catches_an_implemented_row_that_no_code_names(self):
        self.plant("docs/rfc_index.tsv", INDEX + "5321\t4.5.2\tTransparency\timplemented\t-\n")
        self.assert_caught(rfc_index, "docs/rfc_index.tsv", "no code names it")

    def test_catches_bad_rows(self):
        for row, words in (("5321\t4.5.2\tTransparency\tdone\t-\n", "not a row"),
                           ("5321\t4.5.2\n", "not a row"),
                           ("5322\t-\tFormat\tplanned\t-\n5321\t-\tSMTP\tplanned\t-\n", "out of order"),
                           ("5321\t4.10\tA\tplanned\t-\n5321\t4.9\tB\tplanned\t-\n", "out of order"),
                           ("5321\t-\tSMTP\tplanned\t-\n5321\t-\tSMTP\tplanned\t-\n", "twice")):
            with self.subTest(row=row):
                self.plant("docs/rfc_index.tsv", INDEX + row)
                self.assert_caught(rfc_index, "docs/rfc_index.tsv", words)

    def test_catches_a_where_that_does_not_exist(self):
        self.plant("docs/rfc_index.tsv", INDEX + "5321\t4.5.2\tTransparency\timplemented\tsrc/gone.cpp\n")
        self.plant("src/codec/smtp/framer.cpp", "// RFC 5321 4.5.2\n")
        self.assert_caught(rfc_index, "docs/rfc_index.tsv", "src/gone.cpp does not exist")


class Formatting(Planted):
    def test_is_content_with_formatted_files(self):
        self.plant("src/base/a.cpp", "int main() {\n  return 0;\n}\n")
        self.assert_content(formatting)

    def test_catches_an_unformatted_file(self):
        self.plant("src/base/a.cpp", "int main( ) {return 0; }\n")
        self.assert_caught(formatting, "src/base/a.cpp", "tools/format")


class Lint(Planted):
    COROUTINE = """\
        #include <coroutine>

        struct Task {
          struct promise_type {
            Task get_return_object() { return {}; }
            std::suspend_never initial_suspend() { return {}; }
            std::suspend_never final_suspend() noexcept { return {}; }
            void return_void() {}
            void unhandled_exception() {}
          };
        };
        """

    def lint(self, body):
        self.plant("src/engine/a.cpp", textwrap.dedent(self.COROUTINE) + textwrap.dedent(body))
        compile_commands = [lint.Command(self.root, "src/engine/a.cpp", ("clang++-19", "-std=c++23", "-c", "src/engine/a.cpp"))]
        return "\n".join(str(problem) for problem in lint.check(self.root, compile_commands, budget_s=120).problems)

    def test_is_content_with_a_plain_coroutine(self):
        self.assertEqual(self.lint("Task run(int value) {\n  (void)value;\n  co_return;\n}\n"), "")

    def test_catches_coroutine_and_bug_prone_code(self):
        found = self.lint("""\
            #include <mutex>
            #include <string>
            #include <utility>

            int use(std::string text);

            Task start(int value) {
              auto inner = [value]() -> Task {
                (void)value;
                co_return;
              };
              return inner();
            }

            Task locked(std::mutex& mutex) {
              const std::lock_guard<std::mutex> lock(mutex);
              co_await std::suspend_always();
            }

            int moved(std::string text) {
              use(std::move(text));
              return static_cast<int>(text.size());
            }
            """)
        for check in ("cppcoreguidelines-avoid-capturing-lambda-coroutines", "misc-coroutine-hostile-raii", "bugprone-use-after-move"):
            self.assertIn(check, found)

    def test_a_change_to_a_header_lints_a_file_that_includes_it(self):
        self.plant("src/engine/ring.cpp", '#include "ring.hpp"\n')
        self.assertEqual(lint.sources_for(self.root, ["src/engine/ring.hpp"], ["src/engine/ring.cpp"]), ["src/engine/ring.cpp"])


class Text(unittest.TestCase):
    def test_blanks_comments_and_literals_and_keeps_lines(self):
        text = "a /* b\n */ c // d\n\"e // f\" R\"x(g)\" )x\" 'h' 1'000 i\n"
        code = tree.code_only(text)
        self.assertEqual(code.split(), ["a", "c", "1'000", "i"])
        self.assertEqual(code.count("\n"), text.count("\n"))
        self.assertEqual(len(code), len(text))


class CommandLine(unittest.TestCase):
    def test_exits_with_one_and_names_the_place(self):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / "docs").mkdir()
            (root / "docs/architecture.md").write_text("nothing\n")
            run = subprocess.run([sys.executable, PROJECT / "tests/tidy/tidy.py", "--root", folder, "layers"],
                                 text=True, capture_output=True, check=False)
        self.assertEqual(run.returncode, 1)
        self.assertTrue(run.stdout.startswith("docs/architecture.md:1: "), run.stdout)


if __name__ == "__main__":
    unittest.main()
