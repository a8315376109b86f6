#pragma once

#include "account_news.hpp"
#include "shared_mailbox.hpp"

#include <cstdint>
#include <string>
#include <unordered_map>

#include <postrider/codec/imap/server_rules.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/flow/mail_filing.hpp>
#include <postrider/service/imap/imap_service.hpp>

namespace postrider::imap {

// What the connections of one listener share; counted, since a reload replaces it under those that
// live on.
struct ListenerFacts {
  ListenerSettings settings;
  ServerRules rules;
};

// What all connections of one core share.
struct ServiceShared {
  ServiceShared(const ImapDoors& given, const ImapSettings& wanted)
      : doors(given),
        settings(wanted),
        mailboxes(given.reactor, given.mailboxes, {.left = wanted.summary_octets_max}),
        accounts(given.mailboxes),
        filing(given.reactor, given.mailboxes),
        append_octets(given.reactor, wanted.append_octets_max),
        secret(given.reactor.random().next_u64()) {}

  // Does what takes a while for so many messages: here for a few, else on the pool.
  [[nodiscard]] engine::Task<void> work(std::size_t messages, engine::Work what);

  ImapDoors doors;
  const ImapSettings& settings;
  SharedMailboxes mailboxes;
  WatchedAccounts accounts;
  flow::MailFiling filing;
  engine::Semaphore append_octets;
  std::unordered_map<std::string, std::uint32_t> connections;  // by account
  std::uint64_t secret;  // of this process, for what a peer must not foresee
};

// One of an account's connections, until it dies.
class UserPlace {
 public:
  UserPlace() = default;
  UserPlace(UserPlace&& other) noexcept : shared_(std::exchange(other.shared_, nullptr)) {
    name_.swap(other.name_);
  }
  UserPlace& operator=(UserPlace&& other) noexcept {
    std::swap(shared_, other.shared_);
    name_.swap(other.name_);
    return *this;
  }
  ~UserPlace();
  // An empty one if there are too many.
  [[nodiscard]] static UserPlace take(ServiceShared& shared, const std::string& account);
  [[nodiscard]] explicit operator bool() const { return shared_ != nullptr; }

 private:
  ServiceShared* shared_ = nullptr;
  std::string name_;
};

}  // namespace postrider::imap
