#pragma once

#include "store_fixture.hpp"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

// An account with mail in it, and what must hold for any.
namespace postrider::store {

inline std::string text_of(MailboxStore& boxes, Twin& twin, const MailFacts& facts) {
  std::string text;
  while (true) {
    auto piece = twin.run(boxes.read_body(facts.blob, text.size()));
    if (!piece || piece->view().empty()) {
      return text;
    }
    text += piece->view();
  }
}

class MailWorld {
 public:
  explicit MailWorld(std::uint64_t seed = 1, CoreId cores = 1, StoreSettings settings = {})
      : twin(seed, cores, std::move(settings)) {
    account = open_account();
  }

  MailboxStore& boxes(CoreId core = 0) { return twin.store().mailboxes(core); }
  MailAccountId open_account(std::string name = "ada@example.org", CoreId core = 0) {
    return twin.run(boxes(core).open_account(std::move(name))).value_or(MailAccountId::none);
  }
  NewMail mail(std::string text, MailboxId mailbox = MailboxId::inbox, MailFlags flags = {}) {
    NewMail made;
    made.mailbox = mailbox;
    made.flags = std::move(flags);
    made.internal_date = twin.reactor().wall_now();
    made.detail = {"Delivered-To: ada@example.org\r\n", "rendered: " + text.substr(0, 20)};
    made.body = twin.run(boxes().prepare(SharedOctets(std::move(text))));
    return made;
  }
  MailResult<std::vector<InsertedMail>> insert(NewMail mail, CoreId core = 0) {
    MailInsert all;
    all.mails.push_back(std::move(mail));
    return twin.run(boxes(core).insert(account, std::move(all)));
  }
  Uid add(std::string text = "Subject: hello\r\n\r\nhello\r\n",
          MailboxId mailbox = MailboxId::inbox, MailFlags flags = {}) {
    const auto done = insert(mail(std::move(text), mailbox, std::move(flags)));
    return done ? done->front().uid : 0;
  }
  MailboxView view(MailboxId mailbox = MailboxId::inbox, CoreId core = 0) {
    auto opened = twin.run(boxes(core).open(account, mailbox, nullptr));
    return opened ? std::move(opened->view) : MailboxView{};
  }
  std::vector<Uid> uids(MailboxId mailbox = MailboxId::inbox) {
    return all_of(view(mailbox).messages);
  }
  static std::vector<Uid> all_of(const UidSet& set) {
    std::vector<Uid> out;
    for (auto uid = set.first(); uid; uid = set.at_or_after(*uid + 1)) {
      out.push_back(*uid);
    }
    return out;
  }
  std::vector<MailRow> rows(MailboxId mailbox = MailboxId::inbox) {
    return twin.run(boxes().facts(account, mailbox, uids(mailbox)))
        .value_or(std::vector<MailRow>());
  }

  Twin twin;
  MailAccountId account{};
};

}  // namespace postrider::store
