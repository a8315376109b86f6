#pragma once

#include "../store/store_fixture.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <postrider/flow/accounts.hpp>
#include <postrider/flow/directory.hpp>

namespace postrider::flow {

// A directory over the store's twin. example.org is hosted.
class DirectoryFixture : public testing::Test {
 protected:
  DirectoryFixture() { add_domain({.name = "example.org", .hosted = true}); }

  void make(DirectorySettings settings = {.hostname = "mail.host.example"}) {
    directory = make_directory({.reactor = twin.reactor(),
                                .accounts = twin.accounts(),
                                .mailboxes = &twin.store().mailboxes(0),
                                .changes = changes},
                               std::move(settings));
  }

  void add_domain(store::Domain domain) {
    ASSERT_TRUE(twin.run(twin.accounts().save_domain(std::move(domain), true)));
    changes.changed();
  }
  void set_domain(store::Domain domain) {
    ASSERT_TRUE(twin.run(twin.accounts().save_domain(std::move(domain), false)));
    changes.changed();
  }
  void add_account(store::Account account) {
    ASSERT_TRUE(twin.run(twin.accounts().save_account(std::move(account), true)));
    changes.changed();
  }
  void set_account(store::Account account) {
    ASSERT_TRUE(twin.run(twin.accounts().save_account(std::move(account), false)));
    changes.changed();
  }
  void add_alias(std::string address, std::vector<std::string> targets) {
    add_alias({.address = std::move(address), .targets = std::move(targets)});
  }
  void add_alias(store::Alias alias) {
    ASSERT_TRUE(twin.run(twin.accounts().save_alias(std::move(alias), true)));
    changes.changed();
  }
  void deliver(const std::string& account, std::size_t octets) {
    auto& mailboxes = twin.store().mailboxes(0);
    const auto id = twin.run(mailboxes.open_account(account));
    ASSERT_TRUE(id);
    store::MailInsert insert;
    insert.mails.resize(1);
    insert.mails[0].body = twin.run(mailboxes.prepare(SharedOctets(std::string(octets, 'x'))));
    ASSERT_TRUE(twin.run(mailboxes.insert(*id, std::move(insert))));
  }

  Result<AddressHome, AddressFailure> check(AddressQuestion question) {
    if (!directory) {
      make();
    }
    return twin.run(directory->check(std::move(question)));
  }
  Result<AddressHome, AddressFailure> check(std::string address) {
    return check({.address = std::move(address), .reverse_path = "friend@example.net"});
  }

  // "mailbox a@example.org, forward b@example.net, list c@example.org", "mailbox a@x/detail";
  // "unplaced x@y".
  std::string place(const std::vector<std::string>& addresses) {
    if (!directory) {
      make();
    }
    std::vector<store::Recipient> recipients;
    for (const std::string& address : addresses) {
      recipients.push_back({.address = address});
    }
    const auto placed = twin.run(directory->place(std::move(recipients)));
    if (!placed) {
      return std::string(describe(placed.error()));
    }
    std::string out;
    for (const auto& recipient : *placed) {
      out += (out.empty() ? "" : ", ") + text_of(recipient);
    }
    return out;
  }
  std::string place(const std::string& address) { return place(std::vector{address}); }

  static std::string text_of(const store::Recipient& recipient) {
    const auto& local = recipient.local;
    const std::string detail = local.detail.empty() ? "" : "/" + local.detail;
    switch (local.kind) {
      case store::LocalKind::none:
        return "unplaced " + recipient.address;
      case store::LocalKind::mailbox:
        return "mailbox " + local.name + detail;
      case store::LocalKind::forward:
        return "forward " + local.name + detail;
      case store::LocalKind::list:
        return "list " + local.name + detail;
      case store::LocalKind::server:
        return "server " + local.name + detail;
    }
    return "?";
  }

  store::Twin twin;
  DirectoryChanges changes;
  std::unique_ptr<Directory> directory;
};

}  // namespace postrider::flow
