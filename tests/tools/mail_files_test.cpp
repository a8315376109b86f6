#include "backup_command.hpp"
#include "mailbox_command.hpp"
#include "mailbox_import.hpp"
#include "maildir_source.hpp"
#include "mbox_source.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <stdexcept>
#include <sys/stat.h>

#include <postrider/engine/simulation.hpp>
#include <postrider/flow/accounts.hpp>
#include <postrider/flow/directory.hpp>
#include <postrider/service/control/control_service.hpp>
#include <postrider/service/control/mail_keeper.hpp>
#include <postrider/store/store.hpp>

// Mail goes out into files and comes in from them: what is in them, and nothing twice.
namespace postrider::tools {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
 protected:
  Files() {
    std::string name = (fs::temp_directory_path() / "mail-files-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
      throw std::runtime_error("no temporary directory");
    }
    root_ = name;
  }
  ~Files() override {
    std::error_code ignored;  // what is left behind is the system's to clean
    fs::remove_all(root_, ignored);
  }
  void write(const std::string& name, const std::string& octets) {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name, std::ios::binary) << octets;
  }
  [[nodiscard]] std::string at(const std::string& name) const { return (root_ / name).string(); }
  static std::vector<SourceMail> all_of(MailSource& source) {
    std::vector<SourceMail> out;
    while (auto mail = source.next_mail()) {
      out.push_back(*std::move(mail));
    }
    return out;
  }
  std::vector<SourceMail> mbox(const std::string& text, MboxForm form = MboxForm::mboxrd) {
    write("mbox", text);
    const auto source = open_mbox(at("mbox"), form);
    EXPECT_TRUE(source->next_folder());
    auto out = all_of(*source);
    EXPECT_FALSE(source->next_folder());
    return out;
  }

  fs::path root_;
};

constexpr auto from = "From ada@example.org Sun Nov 22 10:00:00 2026\n";

TEST_F(Files, MboxIsCutAtItsFromLines) {
  const auto mails = mbox(std::string(from) + "Subject: a\n\nFrom here on\n>From x\n>>From y\n\n" +
                          from + "Subject: b\r\n\r\n\r\nlast\n");
  ASSERT_EQ(mails.size(), 2U);
  EXPECT_EQ(mails[0].octets, "Subject: a\r\n\r\nFrom here on\r\nFrom x\r\n>From y\r\n");
  EXPECT_EQ(mails[1].octets, "Subject: b\r\n\r\n\r\nlast\r\n");
  EXPECT_EQ(mails[0].date_ns, 1'795'341'600'000'000'000);
  EXPECT_EQ(mbox(std::string(from) + "A: b\n\n>From x\n>>From y\n", MboxForm::mboxo)[0].octets,
            "A: b\r\n\r\nFrom x\r\n>>From y\r\n");
}

TEST_F(Files, MboxFlagsEndTheHeader) {
  struct Row {
    const char* header;
    const char* octets;
    const char* flags;
    std::uint32_t uid;
  };
  for (const auto& [header, octets, flags, uid] : {
           Row{"A: b\nStatus: RO\nX-Status: AFDT\n\nx\n", "A: b\r\n\r\nx\r\n", "SRFTD", 0},
           Row{"A: b\nStatus: O\n\nx\n", "A: b\r\n\r\nx\r\n", "", 0},
           // What the message itself had stays, if we wrote the rest.
           Row{"A: b\nStatus: RO\nX-UID: 7\nStatus: O\n\nx\n", "A: b\r\nStatus: RO\r\n\r\nx\r\n",
               "", 7},
           Row{"Status: RO\nA: b\n\nx\n", "Status: RO\r\nA: b\r\n\r\nx\r\n", "", 0},
           Row{"Status: RO\n\nx\n", "\r\nx\r\n", "S", 0},
           Row{"A: b\nX-UID: 4294967296\nStatus: R\n", "A: b\r\n", "S", 0},
           Row{"\nx\n", "\r\nx\r\n", "", 0},
           Row{"", "", "", 0},
       }) {
    const auto mails = mbox(std::string(from) + header);
    ASSERT_EQ(mails.size(), 1U);
    EXPECT_EQ(mails[0].octets, octets) << header;
    EXPECT_EQ(mails[0].flags, flags) << header;
    EXPECT_EQ(mails[0].uid, uid) << header;
  }
}

TEST_F(Files, AnMboxDateThatIsNone) {
  for (const std::string_view line :
       {"From a1:2  \n", "From a Sun Nov 22 10:00:00 9999\n", "From 1:2 \n", "From a 1:2\n"}) {
    const auto mails = mbox(std::string(line) + "A: b\n\nx\n");
    ASSERT_EQ(mails.size(), 1U) << line;
    EXPECT_FALSE(mails[0].date_ns) << line;
    EXPECT_EQ(mails[0].octets, "A: b\r\n\r\nx\r\n");
  }
}

TEST_F(Files, WhatIsNoMboxOrMaildirIsSaid) {
  EXPECT_THROW((void)open_mbox(at("nothing"), MboxForm::mboxrd), std::runtime_error);
  write("text", "Subject: a message, no mbox\n\nx\n");
  EXPECT_THROW((void)open_mbox(at("text"), MboxForm::mboxrd), std::runtime_error);
  EXPECT_THROW((void)open_maildir(at("text")), std::runtime_error);
  write("empty", "");
  const auto source = open_mbox(at("empty"), MboxForm::mboxrd);
  EXPECT_TRUE(source->next_folder());
  EXPECT_FALSE(source->next_mail());
}

TEST_F(Files, MaildirAsDovecotKeepsIt) {
  write("m/cur/1700000002.M1P1.host,S=10:2,FRSTDPa", "A: b\n\nx\n");
  write("m/cur/1700000001.M1P1.host:2,", "A: c\r\n\r\nx\n");
  write("m/new/1700000003.M1P1.host", "A: d\n\n");
  write("m/dovecot-keywords", "0 work\n1 play\n");
  write("m/dovecot-uidlist", "3 V77 N9 Gabc\n5 W9 :1700000002.M1P1.host,S=10\nnonsense\n");
  write("m/.Sub.Deep/cur/x:2,b", "\n");
  write("m/.Entw&APw-rfe/cur/x:2,S", "\n");
  write("m/no.folder/cur/x", "\n");
  fs::create_directories(root_ / "m/cur/dir");
  const auto source = open_maildir(at("m"));
  const auto inbox = source->next_folder();
  ASSERT_TRUE(inbox);
  EXPECT_EQ(inbox->name, "INBOX");
  EXPECT_EQ(inbox->uid_validity, 77U);
  const auto mails = all_of(*source);
  ASSERT_EQ(mails.size(), 4U);
  EXPECT_EQ(mails[0].uid, 5U);
  EXPECT_EQ(mails[0].flags, "FRSTD");
  EXPECT_EQ(mails[0].keywords, (std::vector<std::string>{"$Forwarded", "work"}));
  EXPECT_EQ(mails[0].octets, "A: b\r\n\r\nx\r\n");
  EXPECT_EQ(mails[1].octets, "A: c\r\n\r\nx\n");  // as it is: its first line has a CR
  EXPECT_EQ(mails[2].octets, "A: d\r\n\r\n");
  EXPECT_NE(mails[3].problem, "");
  EXPECT_EQ(source->next_folder()->name, "Entw\u00fcrfe");
  EXPECT_EQ(source->next_folder()->name, "Sub/Deep");
  EXPECT_EQ(all_of(*source).size(), 1U);
  EXPECT_FALSE(source->next_folder());
}

// ---- with a server

class World : public Files, public ControlTransport {
 public:
  World()
      : simulation_(engine::Simulation::create({})),
        store_(store::Store::open_memory(store::Store::make_memory_disk(), *simulation_)),
        desk_(simulation_->reactor(0), store_->accounts(0), {.argon2id = true, .scram = true}),
        directory_(flow::make_directory({.reactor = simulation_->reactor(0),
                                         .accounts = store_->accounts(0),
                                         .mailboxes = &store_->mailboxes(0),
                                         .changes = changes_},
                                        {})),
        service_({.reactor = simulation_->reactor(0),
                  .queue = store_->queue(0),
                  .accounts = desk_,
                  .reload = {},
                  .version = "test",
                  .mailboxes = &store_->mailboxes(0),
                  .upkeep = &store_->upkeep(0),
                  .directory = directory_.get()}) {
    run(set_up());
  }

  engine::Task<void> set_up() {
    store::Domain domain{.name = "example.org", .tenant = "t", .hosted = true};
    (void)co_await store_->accounts(0).save_domain(domain, true);
    for (const char* name : {"ada@example.org", "bob@example.org"}) {
      store::Account account{.name = name, .tenant = "t"};
      (void)co_await store_->accounts(0).save_account(account, true);
    }
  }

  void run(engine::Task<void> task) { simulation_->run(std::move(task)); }
  http::Response call(const http::Request& request) override {
    if (calls_left_ == 0) {
      throw std::runtime_error("killed");
    }
    --calls_left_;
    http::Response response;
    run(answer(request, response));
    return response;
  }
  engine::Task<void> answer(http::Request request, http::Response& response) {
    response = co_await service_.handle(std::move(request));
  }

  int import(const std::string& form, const std::string& path,
             const std::string& account = "bob@example.org") {
    return run_import_mail_command({.account = account, .from = form, .path = at(path)}, *this,
                                   terminal_);
  }
  int export_to(const std::string& account, const std::string& maildir,
                const std::string& mbox = {}, const std::string& mailbox = {}) {
    return run_mailbox_command({.verb = MailboxVerb::export_mail,
                                .account = account,
                                .maildir = maildir.empty() ? "" : at(maildir),
                                .mbox = mbox.empty() ? "" : at(mbox),
                                .mailbox = mailbox},
                               *this, terminal_);
  }
  // Every file of a Maildir with its time and octets.
  std::map<std::string, std::string> tree(const std::string& folder) {
    std::map<std::string, std::string> out;
    for (const auto& entry : fs::recursive_directory_iterator(root_ / folder)) {
      if (entry.is_regular_file()) {
        std::ifstream in(entry.path(), std::ios::binary);
        struct stat facts{};
        ::stat(entry.path().c_str(), &facts);
        const bool is_mail = entry.path().parent_path().filename() == "cur";
        out[fs::relative(entry.path(), root_ / folder).string()] =
            std::string(std::istreambuf_iterator<char>(in), {}) +
            (is_mail ? std::to_string(facts.st_mtim.tv_sec) + "." +
                           std::to_string(facts.st_mtim.tv_nsec)
                     : "");
      }
    }
    return out;
  }
  std::uint64_t messages(const std::string& account) {
    std::uint64_t count = 0;
    run(count_messages(account, count));
    return count;
  }
  engine::Task<void> count_messages(std::string account, std::uint64_t& count) {
    auto& boxes = store_->mailboxes(0);
    const auto id = co_await boxes.find_account(std::move(account));
    if (id) {
      const auto usage = co_await boxes.usage(*id);
      count = usage ? usage->messages : 0;
    }
  }
  bool is_sound(const std::string& account) {
    return run_mailbox_command({.verb = MailboxVerb::verify, .account = account}, *this,
                               terminal_) == exit_ok;
  }
  void fill(const std::string& folder) {
    const std::string trace = "Return-Path: <x@example.net>\r\nDelivered-To: ada@example.org\r\n";
    write(folder + "/cur/1.a:2,SFa", trace + "A: 1\r\n\r\none\r\n");
    write(folder + "/cur/2.a:2,", trace + "A: 1\r\n\r\none\r\n");  // alike
    write(folder + "/cur/3.a:2,T", "Delivered-To: else@example.net\r\nA: 3\r\n\r\nno end");
    write(folder + "/cur/4.a:2,", std::string("A: 4\r\n\r\n") + std::string(300'000, 'y') + "\r\n");
    write(folder + "/cur/5.a:2,", "");
    write(folder + "/.a_b/cur/6.a:2,R", "A: 6\r\n\r\n");
    write(folder + "/.a_b/postrider-mailbox", "name x.y/z\nuse archive\n");
    write(folder + "/dovecot-keywords", "0 work\n");
    write(folder + "/dovecot-uidlist", "3 V77 N99\n7 :1.a\n8 :2.a\n9 :3.a\n20 :4.a\n5000 :5.a\n");
  }

  std::uint64_t calls_left_ = UINT64_MAX;
  Terminal terminal_{std::fopen("/dev/null", "w"), stderr};
  std::unique_ptr<engine::Simulation> simulation_;
  std::unique_ptr<store::Store> store_;
  flow::DirectoryChanges changes_;
  flow::AccountDesk desk_;
  std::unique_ptr<flow::Directory> directory_;
  control::ControlService service_;
};

TEST_F(World, ExportAndImportAreExactBothWays) {
  fill("in");
  ASSERT_EQ(import("maildir", "in"), exit_ok);
  EXPECT_EQ(messages("bob@example.org"), 6U);
  ASSERT_EQ(export_to("bob@example.org", "out"), exit_ok);
  const auto out = tree("out");
  EXPECT_EQ(out.at("cur/7.postrider,S=74:2,FSa").substr(0, 12), "Return-Path:");
  EXPECT_TRUE(out.contains(".x_y.z/cur/1.postrider,S=8:2,R"));

  // Into another account: all is as it was, the UIDs and their validity too.
  ASSERT_EQ(import("maildir", "out", "ada@example.org"), exit_ok);
  ASSERT_EQ(export_to("ada@example.org", "again"), exit_ok);
  EXPECT_EQ(tree("again"), out);
  EXPECT_TRUE(is_sound("bob@example.org"));
  EXPECT_TRUE(is_sound("ada@example.org"));

  // And again: nothing comes twice.
  ASSERT_EQ(import("maildir", "out", "ada@example.org"), exit_ok);
  ASSERT_EQ(import("maildir", "in"), exit_ok);
  EXPECT_EQ(messages("ada@example.org"), 6U);
  EXPECT_EQ(messages("bob@example.org"), 6U);
}

TEST_F(World, MboxIsExactBothWays) {
  write("in", std::string(from) + "A: 1\nStatus: R\nX-UID: 40\nStatus: RO\nX-Status: F\n\n" +
                  ">From x\n>>From y\n\n\n" + from + "A: 2\nX-Keywords: work play\n\n.\n");
  ASSERT_EQ(import("mbox", "in"), exit_ok);
  ASSERT_EQ(export_to("bob@example.org", "", "out", "INBOX"), exit_ok);
  ASSERT_EQ(import("mbox", "out", "ada@example.org"), exit_ok);
  ASSERT_EQ(export_to("ada@example.org", "", "again", "INBOX"), exit_ok);
  const auto read = [this](const std::string& name) {
    std::ifstream in(root_ / name);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  EXPECT_EQ(read("out"), read("again"));
  EXPECT_TRUE(read("out").contains("A: 1\nStatus: R\nX-UID: ")) << read("out");
  EXPECT_TRUE(read("out").contains("X-Keywords: play work\n")) << read("out");
}

TEST_F(World, GoesOnWhereItWasKilled) {
  fill("in");
  for (std::uint64_t calls = 1;; ++calls) {
    calls_left_ = calls % 3 + 1;
    try {
      if (import("maildir", "in") == exit_ok) {
        break;
      }
    } catch (const std::runtime_error&) {
    }
    if (calls > 3) {
      calls_left_ = UINT64_MAX;
      ASSERT_EQ(import("maildir", "in"), exit_ok);
      break;
    }
  }
  calls_left_ = UINT64_MAX;
  EXPECT_EQ(messages("bob@example.org"), 6U);
  EXPECT_TRUE(is_sound("bob@example.org"));
}

TEST_F(World, TellsWhatCouldNotCome) {
  write("in/cur/1:2,", "A: b\r\n\r\n");
  fs::create_directories(root_ / "in/cur/2:2,");
  testing::internal::CaptureStderr();
  EXPECT_EQ(import("maildir", "in"), exit_no);
  EXPECT_TRUE(testing::internal::GetCapturedStderr().contains("in/cur/2:2,: not brought in"));
  EXPECT_EQ(messages("bob@example.org"), 1U);
  EXPECT_EQ(import("maildir", "in", "nobody@example.org"), exit_no);
  EXPECT_EQ(
      run_import_mail_command({.account = "bob@example.org", .from = "zip"}, *this, terminal_),
      exit_usage);
}

TEST_F(World, StopsAtTheQuota) {
  run([](World& world) -> engine::Task<void> {
    store::Account account{.name = "bob@example.org", .tenant = "t", .quota_messages = 2};
    (void)co_await world.store_->accounts(0).save_account(account, false);
  }(*this));
  changes_.changed();
  fill("in");
  testing::internal::CaptureStderr();
  EXPECT_EQ(import("maildir", "in"), exit_no);
  EXPECT_TRUE(testing::internal::GetCapturedStderr().contains("over quota"));
  EXPECT_EQ(messages("bob@example.org"), 2U);
}

class Listed final : public MailSource {
 public:
  std::optional<SourceFolder> next_folder() override {
    return folder_ < 2 ? std::optional(SourceFolder{.name = folder_++ == 0 ? "INBOX" : "Junk",
                                                    .special_use = folder_ == 2 ? "junk" : ""})
                       : std::nullopt;
  }
  std::optional<SourceMail> next_mail() override {
    if (std::exchange(given_, folder_) == folder_) {
      return std::nullopt;
    }
    return SourceMail{.octets = "T: 1\r\nA: " + std::to_string(folder_) + "\r\n\r\n",
                      .trace_octets = 6,
                      .flags = "SF",
                      .date_ns = 1'000'000'000,
                      .uid = 9};
  }

 private:
  int folder_ = 0;
  int given_ = 0;
};

TEST_F(World, RestoresWhatIsMissing) {
  const auto restore = [this](RestoreCommand command) {
    Listed backup;
    command.account = "ada@example.org";
    return run_restore_command(command, backup, *this, terminal_);
  };
  EXPECT_EQ(restore({}), exit_ok);
  EXPECT_EQ(messages("ada@example.org"), 2U);
  EXPECT_EQ(restore({}), exit_ok);
  EXPECT_EQ(messages("ada@example.org"), 2U);
  EXPECT_EQ(restore({.folder = "Junk", .prefix = "Old"}), exit_ok);
  EXPECT_EQ(messages("ada@example.org"), 3U);
  EXPECT_EQ(restore({.folder = "Nope"}), exit_no);
  ASSERT_EQ(export_to("ada@example.org", "out"), exit_ok);
  const auto out = tree("out");
  EXPECT_EQ(out.at("cur/1.postrider,S=14:2,FS"), "T: 1\r\nA: 1\r\n\r\n1.0");
  EXPECT_EQ(out.at(".Junk/postrider-mailbox"), "name Junk\nuse junk\n");
  EXPECT_EQ(out.at(".Old.Junk/postrider-mailbox"), "name Old/Junk\n");
  EXPECT_TRUE(is_sound("ada@example.org"));
}

// ---- old mail

TEST_F(World, LetsGoOfOldMailWhereItIsTold) {
  fill("in");
  write("in/.Junk/cur/1:2,", "A: junk\r\n\r\n");
  write("in/.Junk/postrider-mailbox", "use junk\n");
  write("in/.Trash/cur/1:2,", "A: trash\r\n\r\n");
  write("in/.Trash/cur/2:2,", "A: trash 2\r\n\r\n");
  write("in/.Trash/postrider-mailbox", "use trash\n");
  ASSERT_EQ(import("maildir", "in"), exit_ok);
  ASSERT_EQ(messages("bob@example.org"), 9U);
  control::MailKeeper::Swept swept;
  const auto sweep = [this, &swept](control::MailKeeping keeping, Duration after) {
    run([](World& world, control::MailKeeping keeping, Duration after,
           control::MailKeeper::Swept& swept) -> engine::Task<void> {
      (void)co_await world.simulation_->reactor(0).sleep_for(after);
      control::MailKeeper keeper(world.simulation_->reactor(0), world.store_->mailboxes(0),
                                 world.store_->upkeep(0), keeping);
      swept = co_await keeper.sweep();
      co_await keeper.stop();
    }(*this, keeping, after, swept));
    return swept;
  };
  constexpr Duration day = std::chrono::hours(24);
  // By default nobody's mail goes.
  EXPECT_EQ(sweep({}, 1000 * day).expunged, 0U);
  EXPECT_EQ(messages("bob@example.org"), 9U);
  EXPECT_EQ(sweep({.junk = 2000 * day}, day).expunged, 0U);
  EXPECT_EQ(sweep({.trash = 30 * day}, day).expunged, 2U);
  EXPECT_EQ(sweep({.junk = 30 * day}, day).expunged, 1U);
  EXPECT_EQ(messages("bob@example.org"), 6U);
  EXPECT_EQ(swept.failed, 0U);
  // It can be brought back for two weeks.
  EXPECT_EQ(sweep({}, 10 * day).forgotten, 0U);
  EXPECT_EQ(sweep({.undelete = Duration{}}, 10 * day).forgotten, 0U);
  EXPECT_EQ(sweep({}, day).forgotten, 3U);
  EXPECT_EQ(sweep({}, day).forgotten, 0U);
  EXPECT_TRUE(is_sound("bob@example.org"));
}

TEST_F(World, BacksUpNothingThatIsInMemory) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(run_backup_command({.directory = at("backup/")}, *this, terminal_), exit_no);
  EXPECT_TRUE(testing::internal::GetCapturedStderr().contains("postrider: "));
  EXPECT_FALSE(fs::exists(root_ / "backup"));
}

}  // namespace
}  // namespace postrider::tools
