#pragma once

#include "delivery_world.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <postrider/base/text.hpp>
#include <postrider/flow/directory.hpp>
#include <postrider/flow/mail_filing.hpp>
#include <postrider/policy/srs.hpp>

namespace postrider::delivery {

// Who receives mail here, in a test's hands. An address comes to what `places` says, else to the
// account of its name.
class FakeDirectory final : public flow::Directory {
 public:
  std::set<std::string> domains{"home.test"};
  std::map<std::string, flow::MailOwner> owners;
  std::map<std::string, flow::ListFacts> lists;
  std::map<std::string, std::vector<store::LocalTarget>> places;
  std::set<std::string> disabled;
  bool is_down = false;
  std::function<std::optional<std::string>(const std::string&)> returned;  // of SRS addresses

  flow::MailOwner& add_account(const std::string& name) {
    owners[name].account = name;
    return owners[name];
  }
  flow::ListFacts& add_list(const std::string& address, std::vector<std::string> members) {
    lists[address] = {.address = address, .title = {}, .members = std::move(members)};
    return lists[address];
  }

  [[nodiscard]] bool hosts_any() const override { return !domains.empty(); }
  engine::Task<Result<bool, flow::AddressFailure>> is_hosted(std::string domain) override {
    if (is_down) {
      co_return failure(flow::AddressFailure::unavailable);
    }
    co_return domains.contains(domain);
  }
  engine::Task<Result<flow::AddressHome, flow::AddressFailure>> check(
      flow::AddressQuestion question) override {
    if (targets(question.address).empty()) {
      co_return failure(flow::AddressFailure::unknown);
    }
    co_return flow::AddressHome::here;
  }
  engine::Task<Result<std::vector<store::Recipient>, flow::AddressFailure>> place(
      std::vector<store::Recipient> recipients) override {
    if (is_down) {
      co_return failure(flow::AddressFailure::unavailable);
    }
    std::vector<store::Recipient> out;
    for (const store::Recipient& recipient : recipients) {
      const auto found = targets(recipient.address);
      if (recipient.local.kind != store::LocalKind::none || found.empty()) {
        out.push_back(recipient);
        continue;
      }
      for (const store::LocalTarget& target : found) {
        out.push_back(recipient);
        out.back().local = target;
      }
    }
    co_return out;
  }
  engine::Task<Result<flow::MailOwner, flow::AddressFailure>> owner(std::string account) override {
    if (disabled.contains(account)) {
      co_return failure(flow::AddressFailure::disabled);
    }
    const auto found = owners.find(account);
    if (found == owners.end()) {
      co_return failure(flow::AddressFailure::unknown);
    }
    co_return found->second;
  }
  engine::Task<Result<flow::ListFacts, flow::AddressFailure>> list(std::string address) override {
    const auto found = lists.find(address);
    if (found == lists.end()) {
      co_return failure(flow::AddressFailure::unknown);
    }
    co_return found->second;
  }

 private:
  [[nodiscard]] std::vector<store::LocalTarget> targets(const std::string& address) const {
    if (const auto found = places.find(address); found != places.end()) {
      return found->second;
    }
    if (const auto sender = returned ? returned(address) : std::nullopt) {
      return {{store::LocalKind::forward, *sender, ""}};
    }
    if (lists.contains(address)) {
      return {{store::LocalKind::list, address, ""}};
    }
    const std::size_t at = address.rfind('@');
    const std::size_t plus = address.find('+');
    const std::string name = plus < at ? address.substr(0, plus) + address.substr(at) : address;
    if (owners.contains(name)) {
      return {{store::LocalKind::mailbox, name,
               plus < at ? address.substr(plus + 1, at - plus - 1) : ""}};
    }
    return {};
  }
};

// A world whose process also keeps mail.
class LocalWorld : public World {
 public:
  explicit LocalWorld(std::uint64_t seed = 1, CoreId cores = 1) : World(seed, cores) {
    make_local = [this](CoreId core) { return doors_of(core); };
    directory.returned = [this](const std::string& address) {
      const auto sender = srs.reverse(address, reactor().wall_now());
      return sender ? std::optional(*sender) : std::nullopt;
    };
  }
  ~LocalWorld() { simulation().kill_tasks(); }

  FakeDirectory directory;
  policy::Srs srs{"secret"};

  store::MailboxStore& boxes(CoreId core = 0) { return store().mailboxes(core); }
  // Hands in a message for placed recipients, each a delivery of its own.
  MessageId submit_placed(Letter letter, CoreId core = 0) {
    store::NewMessage message = compose_placed(std::move(letter), core);
    const MessageId id = message.envelope->id;
    EXPECT_TRUE(run(queue(core).commit(std::move(message))).has_value());
    return id;
  }
  store::NewMessage compose_placed(Letter letter, CoreId core = 0) {
    store::NewMessage message = compose(letter, core);
    auto envelope = std::make_shared<store::Envelope>(*message.envelope);
    std::vector<store::Recipient> all;
    for (const store::Destination& destination : envelope->destinations) {
      all.insert(all.end(), destination.recipients.begin(), destination.recipients.end());
    }
    envelope->destinations.clear();
    for (store::Recipient& recipient : *run(directory.place(std::move(all)))) {
      const std::string& address = recipient.address;
      envelope->destinations.push_back({address.substr(address.rfind('@') + 1), {recipient}});
    }
    message.envelope = std::move(envelope);
    return message;
  }

  // What is in a mailbox, each with its trace, oldest first.
  std::vector<std::string> mails(const std::string& account, const std::string& folder = "INBOX") {
    std::vector<std::string> out;
    const auto id = run(boxes().find_account(account));
    if (!id) {
      return out;
    }
    const auto all = run(boxes().list(*id));
    for (const store::Mailbox& mailbox : *all) {
      if (mailbox.name != folder) {
        continue;
      }
      const auto opened = run(boxes().open(*id, mailbox.id, nullptr));
      for (auto uid = opened->view.messages.first(); uid;
           uid = opened->view.messages.at_or_after(*uid + 1)) {
        out.push_back(text_of(*id, mailbox.id, *uid));
      }
    }
    return out;
  }
  store::MailboxId add_folder(const std::string& account, const std::string& name,
                              store::SpecialUse use = store::SpecialUse::none) {
    const auto id = run(boxes().open_account(account));
    return run(boxes().create(*id, name, use))->id;
  }

 private:
  std::string text_of(store::MailAccountId account, store::MailboxId mailbox, store::Uid uid) {
    const auto rows = run(boxes().facts(account, mailbox, {uid}));
    std::string out = run(boxes().detail(account, mailbox, uid))->trace;
    const std::size_t trace = out.size();
    while (out.size() < trace + rows->front().facts.body_bytes) {
      out += run(boxes().read_body(rows->front().facts.blob, out.size() - trace))->view();
    }
    return out;
  }
  const LocalDoors* doors_of(CoreId core) {
    if (core == 0) {
      kept_.clear();
    }
    auto made = std::make_unique<Kept>(Kept{flow::MailFiling(reactor(core), boxes(core)), {}});
    made->doors = {&directory, &made->filing, &srs};
    kept_.push_back(std::move(made));
    return &kept_.back()->doors;
  }
  struct Kept {
    flow::MailFiling filing;
    LocalDoors doors;
  };
  std::vector<std::unique_ptr<Kept>> kept_;
};

}  // namespace postrider::delivery
