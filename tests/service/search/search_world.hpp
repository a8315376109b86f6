#pragma once

#include "../imap/imap_world.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <postrider/service/search/text_indexer.hpp>

// Mail of an account in the in-memory store, and the index of it on the real disk.
namespace postrider::search {

class SearchWorld : public imap::ImapWorld {
 public:
  using Where = flow::TextQuestion::Where;

  SearchWorld() {
    std::string pattern = (std::filesystem::temp_directory_path() / "postrider-index-XXXXXX");
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    settings_of_index.directory = pattern;
    account =
        run(world.boxes().find_account("ada@example.org")).value_or(store::MailAccountId::none);
  }
  ~SearchWorld() override {
    stop_index();
    std::filesystem::remove_all(settings_of_index.directory);
  }

  void start_index() {
    indexer = std::make_unique<TextIndexer>(
        IndexerDoors{reactor(), world.boxes(), &twin().accounts()}, settings_of_index);
    index = std::make_unique<CoreTextIndex>(twin().simulation(), reactor(), *indexer,
                                            settings_of_index.directory);
    indexer->start();
  }
  void stop_index() {
    if (indexer) {
      twin().simulation().run(indexer->stop());
      pass(std::chrono::seconds(1));  // what was posted to it
      index.reset();
      indexer.reset();
    }
  }
  // Until the index says what the store does.
  void settle() {
    for (int i = 0; i < 100 && (i < 2 || !indexer->is_idle()); ++i) {
      pass(std::chrono::seconds(10));
    }
    EXPECT_TRUE(indexer->is_idle());
  }

  flow::TextAnswers ask(std::vector<flow::TextQuestion> questions,
                        store::MailboxId mailbox = store::MailboxId::inbox) {
    const std::uint32_t uid_validity = world.view(mailbox).mailbox.uid_validity;
    return run(
        index->ask({account, "ada@example.org", mailbox, uid_validity}, std::move(questions)));
  }
  std::vector<store::Uid> known(store::MailboxId mailbox = store::MailboxId::inbox) {
    return store::MailWorld::all_of(ask({{.where = Where::body, .text = "x"}}, mailbox).known);
  }
  std::vector<store::Uid> found(Where where, std::string text,
                                store::MailboxId mailbox = store::MailboxId::inbox) {
    const auto answers = ask({{.where = where, .text = std::move(text)}}, mailbox);
    return answers.answers.empty() ? std::vector<store::Uid>()
                                   : store::MailWorld::all_of(answers.answers.front().found);
  }
  std::filesystem::path place() const {
    char name[17];
    (void)snprintf(name, sizeof name, "%016llx", static_cast<unsigned long long>(account));
    return settings_of_index.directory / name;
  }

  IndexerSettings settings_of_index;
  std::unique_ptr<TextIndexer> indexer;
  std::unique_ptr<CoreTextIndex> index;
  store::MailAccountId account{};
};

}  // namespace postrider::search
