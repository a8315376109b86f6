#include "directory_fixture.hpp"
#include "flow/fresh_names.hpp"
#include "store/memory_kv.hpp"

#include <fmt/core.h>

namespace postrider::flow {
namespace {

using Failure = AddressFailure;

struct DirectoryTest : DirectoryFixture {
  DirectoryTest() {
    add_account({.name = "ann@example.org"});
    add_account({.name = "bob@example.org"});
  }
};

TEST_F(DirectoryTest, TakesMailForAccountsWhateverTheCase) {
  EXPECT_EQ(check("ann@example.org"), AddressHome::here);
  EXPECT_EQ(check("Ann@EXAMPLE.org"), AddressHome::here);
  EXPECT_EQ(check("ann@example.net"), AddressHome::elsewhere);
  EXPECT_EQ(check("carl@example.org"), failure(Failure::unknown));
  EXPECT_EQ(check("@example.org"), failure(Failure::unknown));
}

TEST_F(DirectoryTest, PlacesEachAddress) {
  add_domain({.name = "example.com", .alias_of = "example.org"});
  add_domain({.name = "all.example", .hosted = true, .catch_all = "ann@example.org"});
  add_domain({.name = "out.example", .hosted = true, .catch_all = "Box@Elsewhere.example"});
  add_domain({.name = "plain.example"});
  add_account({.name = "eve@example.com"});
  add_account({.name = "fay@example.org", .forward_to = {"fay@example.net", "bob@example.org"}});
  add_account({.name = "gil@example.org", .forward_to = {"gil@example.net"}, .keeps_copy = false});
  add_alias("sales@example.org", {"ann@example.org", "bob@example.org", "x@example.net"});
  add_alias("office@example.org", {"sales@example.org", "ann@example.org", "gil@example.org"});
  add_alias("dead@example.org", {"ghost@example.org", "ann@example.org"});
  add_alias("gone@example.org", {"any@all.example"});
  add_alias("tagged@example.org", {"ann+Work@example.org"});
  add_alias({.address = "news@example.org", .kind = store::AliasKind::list});
  struct Row {
    const char* address;
    const char* places;
  };
  const Row rows[] = {
      {"ann@example.org", "mailbox ann@example.org"},
      {"ANN@Example.ORG", "mailbox ann@example.org"},
      {"ann+Lists/Foo@example.org", "mailbox ann@example.org/Lists/Foo"},
      {"ann+a+b@example.org", "mailbox ann@example.org/a+b"},
      {"ann+@example.org", "mailbox ann@example.org"},
      {"+ann@example.org", "unplaced +ann@example.org"},
      {"ann@example.net", "unplaced ann@example.net"},
      {"ann@plain.example", "unplaced ann@plain.example"},
      {"carl@example.org", "unplaced carl@example.org"},
      {"ann@example.com", "mailbox ann@example.org"},
      {"ann+X@example.com", "mailbox ann@example.org/X"},
      {"eve@example.com", "mailbox eve@example.com"},
      {"eve@example.org", "unplaced eve@example.org"},
      {"whoever@all.example", "mailbox ann@example.org"},
      {"whoever@out.example", "forward Box@Elsewhere.example"},
      {"fay@example.org",
       "mailbox fay@example.org, forward fay@example.net, mailbox bob@example.org"},
      {"gil@example.org", "forward gil@example.net"},
      {"sales@example.org",
       "mailbox ann@example.org, mailbox bob@example.org, forward x@example.net"},
      {"sales+Q3@example.org",
       "mailbox ann@example.org/Q3, mailbox bob@example.org/Q3, forward x@example.net"},
      {"office@example.org",
       "mailbox ann@example.org, mailbox bob@example.org, forward x@example.net, "
       "forward gil@example.net"},
      {"dead@example.org", "mailbox ann@example.org, unplaced ghost@example.org"},
      {"gone@example.org", "mailbox ann@example.org"},
      {"tagged@example.org", "mailbox ann@example.org/Work"},
      {"tagged+Home@example.org", "mailbox ann@example.org/Work"},
      {"news@example.org", "list news@example.org"},
      {"news+bounces@example.org", "unplaced news+bounces@example.org"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(place(row.address), row.places) << row.address;
  }
}

TEST_F(DirectoryTest, SeveralWaysToOnePlaceBecomeOne) {
  add_alias("a@example.org", {"ann@example.org", "x@example.net"});
  add_alias("b@example.org", {"x@example.net", "ann@example.org", "a@example.org"});
  EXPECT_EQ(place({"a@example.org", "b@example.org", "ann@example.org", "ann@example.net"}),
            "mailbox ann@example.org, forward x@example.net, unplaced ann@example.net");
}

TEST_F(DirectoryTest, WhatIsPlacedStaysAndARecipientKeepsItsParameters) {
  make();
  store::Recipient placed{.address = "ann@example.org"};
  placed.local = {store::LocalKind::mailbox, "bob@example.org", {}};
  store::Recipient fresh{.address = "ANN@example.org", .orcpt = "rfc822;ann@example.org"};
  fresh.notify.success = true;
  const auto out = twin.run(directory->place({placed, fresh}));
  ASSERT_TRUE(out);
  ASSERT_EQ(out->size(), 2U);
  EXPECT_EQ((*out)[0], placed);
  fresh.local = {store::LocalKind::mailbox, "ann@example.org", {}};
  EXPECT_EQ((*out)[1], fresh);
}

TEST_F(DirectoryTest, AliasesThatLeadToThemselvesAreLoops) {
  add_alias("self@example.org", {"self@example.org"});
  add_alias("a@example.org", {"ann@example.org", "b@example.org"});
  add_alias("b@example.org", {"c@example.org"});
  add_alias("c@example.org", {"a@example.org"});
  add_domain({.name = "one.example", .hosted = true, .catch_all = "x@two.example"});
  add_domain({.name = "two.example", .hosted = true, .catch_all = "y@one.example"});
  for (const char* address : {"self@example.org", "a@example.org", "b@example.org"}) {
    EXPECT_EQ(check(address), failure(Failure::loop)) << address;
    EXPECT_EQ(place(address), std::string("unplaced ") + address);
  }
  EXPECT_EQ(check("z@one.example"), failure(Failure::loop));
}

TEST_F(DirectoryTest, AccountsThatForwardToEachOtherBothKeepTheirCopy) {
  add_account({.name = "h@example.org", .forward_to = {"i@example.org"}});
  add_account({.name = "i@example.org", .forward_to = {"h@example.org"}});
  EXPECT_EQ(place("h@example.org"), "mailbox h@example.org, mailbox i@example.org");
  add_account({.name = "j@example.org", .forward_to = {"k@example.org"}, .keeps_copy = false});
  add_account({.name = "k@example.org", .forward_to = {"j@example.org"}, .keeps_copy = false});
  EXPECT_EQ(check("j@example.org"), failure(Failure::loop));
}

TEST_F(DirectoryTest, ACatchAllThatNobodyHasTakesNothing) {
  add_domain({.name = "void.example", .hosted = true, .catch_all = "ghost@void.example"});
  EXPECT_EQ(check("any@void.example"), failure(Failure::unknown));
}

TEST_F(DirectoryTest, DepthIsBounded) {
  for (std::size_t i = 0; i <= alias_depth_max; ++i) {
    add_alias(fmt::format("d{}@example.org", i),
              {i == alias_depth_max ? "ann@example.org" : fmt::format("d{}@example.org", i + 1)});
  }
  EXPECT_EQ(check("d1@example.org"), AddressHome::here);
  EXPECT_EQ(check("d0@example.org"), failure(Failure::too_many));
}

TEST_F(DirectoryTest, TenThousandPlacesAndNotOneMore) {
  store::Alias alias{.address = "many@example.org"};
  for (std::size_t i = 0; i < alias_recipients_max; ++i) {
    alias.targets.push_back(fmt::format("r{}@example.net", i));
  }
  add_alias(alias);
  EXPECT_EQ(check(alias.address), AddressHome::here);
  alias.address = "more@example.org";
  alias.targets.push_back("one@example.net");
  add_alias(alias);
  EXPECT_EQ(check(alias.address), failure(Failure::too_many));
}

TEST_F(DirectoryTest, DiamondsCostEachAliasOnce) {
  // Each level leads to the next in ten ways: 10^9 without memory.
  for (int i = 0; i < 9; ++i) {
    store::Alias alias{.address = fmt::format("l{}@example.org", i)};
    alias.targets.assign(10, i == 8 ? "ann@example.org" : fmt::format("l{}@example.org", i + 1));
    add_alias(alias);
  }
  EXPECT_EQ(place("l0@example.org"), "mailbox ann@example.org");
}

TEST_F(DirectoryTest, RoleAddressesAlwaysHaveAReader) {
  struct Row {
    const char* address;
    const char* places;
  };
  add_domain({.name = "named.example", .hosted = true, .postmaster = "bob@example.org"});
  add_domain({.name = "caught.example", .hosted = true, .catch_all = "ann@example.org"});
  add_domain({.name = "alias.example", .alias_of = "named.example"});
  make({.hostname = "mail.host.example", .postmaster = "ops@example.net"});
  const Row rows[] = {
      {"postmaster@named.example", "mailbox bob@example.org"},
      {"Postmaster+x@named.example", "mailbox bob@example.org"},
      {"abuse@alias.example", "mailbox bob@example.org"},
      {"postmaster@caught.example", "forward ops@example.net"},
      {"postmaster@example.org", "forward ops@example.net"},
      {"postmaster@mail.host.example", "forward ops@example.net"},
      {"ABUSE@mail.host.example", "forward ops@example.net"},
      {"postmaster", "forward ops@example.net"},
      {"webmaster@mail.host.example", "unplaced webmaster@mail.host.example"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(place(row.address), row.places) << row.address;
  }
  add_account({.name = "postmaster@example.org"});
  EXPECT_EQ(place("postmaster@example.org"), "mailbox postmaster@example.org");
}

// Posts go out from there. Mail for a name that somebody has is his.
TEST_F(DirectoryTest, TheBouncesOfAListGoToThePostmaster) {
  add_account({.name = "pat@example.org"});
  set_domain({.name = "example.org", .hosted = true, .postmaster = "pat@example.org"});
  add_alias({.address = "news@example.org", .kind = store::AliasKind::list});
  add_alias("team@example.org", {"pat@example.org"});
  EXPECT_EQ(place("News-Bounces@example.org"), "mailbox pat@example.org");
  EXPECT_EQ(check("team-bounces@example.org").error(), AddressFailure::unknown);
  EXPECT_EQ(check("-bounces@example.org").error(), AddressFailure::unknown);
  add_account({.name = "news-bounces@example.org"});
  EXPECT_EQ(place("news-bounces@example.org"), "mailbox news-bounces@example.org");
}

TEST_F(DirectoryTest, WithoutAConfiguredPostmasterTheFirstDomainsReadsTheServers) {
  EXPECT_EQ(check("postmaster@mail.host.example"), failure(Failure::unknown));
  set_domain({.name = "example.org", .hosted = true, .postmaster = "ann@example.org"});
  EXPECT_EQ(place("postmaster@mail.host.example"), "mailbox ann@example.org");
}

TEST_F(DirectoryTest, SeparatorsAreConfigured) {
  make({.separators = ""});
  EXPECT_EQ(check("ann+x@example.org"), failure(Failure::unknown));
  make({.separators = "-_"});
  EXPECT_EQ(place("ann_x@example.org"), "mailbox ann@example.org/x");
  EXPECT_EQ(place("ann-y_z@example.org"), "mailbox ann@example.org/y_z");
}

TEST_F(DirectoryTest, ChangesCountForTheNextQuestion) {
  EXPECT_EQ(check("ann@example.net"), AddressHome::elsewhere);
  add_domain({.name = "example.net", .hosted = true});
  EXPECT_EQ(check("ann@example.net"), failure(Failure::unknown));
  add_account({.name = "ann@example.net"});
  EXPECT_EQ(check("ann@example.net"), AddressHome::here);
  set_account({.name = "ann@example.net", .disabled = true});
  EXPECT_EQ(check("ann@example.net"), failure(Failure::disabled));
  EXPECT_EQ(twin.run(directory->owner("ann@example.net")).error(), Failure::disabled);
  set_account({.name = "ann@example.net", .forward_to = {"ann@elsewhere.example"}});
  EXPECT_EQ(place("ann@example.net"), "mailbox ann@example.net, forward ann@elsewhere.example");
  ASSERT_TRUE(twin.run(twin.accounts().remove_account("ann@example.net")));
  changes.changed();
  EXPECT_EQ(check("ann@example.net"), failure(Failure::unknown));
  EXPECT_EQ(twin.run(directory->owner("ann@example.net")).error(), Failure::unknown);
  set_domain({.name = "example.net"});
  EXPECT_EQ(check("ann@example.net"), AddressHome::elsewhere);
}

TEST_F(DirectoryTest, AnAccountIsReadOnceUntilSomethingChanges) {
  EXPECT_EQ(check("ann@example.org"), AddressHome::here);
  twin.disk().written[index(store::Family::account)].at("ann@example.org").back() ^= 1;
  EXPECT_EQ(check("Ann@Example.ORG"), AddressHome::here);
  EXPECT_EQ(place("ann+x@example.org"), "mailbox ann@example.org/x");
  EXPECT_TRUE(twin.run(directory->owner("ann@example.org")));
  changes.changed();
  EXPECT_EQ(check("ann@example.org"), failure(Failure::unavailable));
  EXPECT_EQ(twin.run(directory->owner("ann@example.org")).error(), Failure::unavailable);
}

TEST(FreshNames, WhatWasReadBeforeAChangeIsNotKept) {
  DirectoryChanges changes;
  FreshNames<int> names(changes);
  EXPECT_EQ(names.find("a"), nullptr);
  const auto before = names.version();
  changes.changed();
  names.keep("a", 1, before);
  EXPECT_EQ(names.find("a"), nullptr);
  names.keep("a", 2, names.version());
  ASSERT_NE(names.find("a"), nullptr);
  EXPECT_EQ(*names.find("a"), 2);
  changes.changed();
  EXPECT_EQ(names.find("a"), nullptr);
}

TEST(FreshNames, TheirNumberIsBounded) {
  DirectoryChanges changes;
  FreshNames<int> names(changes);
  for (std::size_t i = 0; i < FreshNames<int>::entries_max; ++i) {
    EXPECT_EQ(names.find("a" + std::to_string(i)), nullptr);
    names.keep("a" + std::to_string(i), 1, names.version());
  }
  EXPECT_EQ(names.find("a0"), nullptr);  // full: all are forgotten
}

TEST_F(DirectoryTest, ARelayIsAskedNothing) {
  make();
  changes.set_hosts_any(false);
  EXPECT_FALSE(directory->hosts_any());
  EXPECT_EQ(check("ann@example.org"), AddressHome::elsewhere);
  EXPECT_EQ(twin.run(directory->is_hosted("example.org")), false);
  EXPECT_EQ(place("ann@example.org"), "unplaced ann@example.org");
}

TEST_F(DirectoryTest, SaysWhichDomainsAreHosted) {
  add_domain({.name = "example.com", .alias_of = "example.org"});
  add_domain({.name = "plain.example"});
  make();
  EXPECT_EQ(twin.run(directory->is_hosted("example.org")), true);
  EXPECT_EQ(twin.run(directory->is_hosted("example.com")), true);
  EXPECT_EQ(twin.run(directory->is_hosted("plain.example")), false);
  EXPECT_EQ(twin.run(directory->is_hosted("nowhere.example")), false);
}

TEST_F(DirectoryTest, TellsWhoOwnsAMailbox) {
  set_domain({.name = "example.org",
              .hosted = true,
              .account_quota_bytes = 7,
              .account_quota_messages = 8});
  add_account({.name = "own@example.org", .quota_bytes = 5});
  add_account({.name = "off@example.org", .disabled = true});
  make();
  const auto owner = twin.run(directory->owner("own@example.org"));
  ASSERT_TRUE(owner);
  EXPECT_EQ(owner->account, "own@example.org");
  EXPECT_EQ(owner->quota.size_bytes, 5U);
  EXPECT_EQ(owner->quota.messages, 8U);
  EXPECT_EQ(twin.run(directory->owner("off@example.org")).error(), Failure::disabled);
  EXPECT_EQ(twin.run(directory->owner("nobody@example.org")).error(), Failure::unknown);
}

TEST_F(DirectoryTest, TellsWhatAListIs) {
  add_alias({.address = "list@example.org",
             .kind = store::AliasKind::list,
             .targets = {"a@example.net"},
             .title = "A list",
             .archive_url = "https://a.example",
             .subscribe_url = "https://s.example",
             .unsubscribe_url = "https://u.example",
             .reply_to_list = true});
  add_alias("alias@example.org", {"ann@example.org"});
  make();
  const auto list = twin.run(directory->list("list@example.org"));
  ASSERT_TRUE(list);
  EXPECT_EQ(list->address, "list@example.org");
  EXPECT_EQ(list->title, "A list");
  EXPECT_EQ(list->members, std::vector<std::string>{"a@example.net"});
  EXPECT_EQ(list->archive_url, "https://a.example");
  EXPECT_EQ(list->subscribe_url, "https://s.example");
  EXPECT_EQ(list->unsubscribe_url, "https://u.example");
  EXPECT_TRUE(list->reply_to_list);
  EXPECT_EQ(twin.run(directory->list("alias@example.org")).error(), Failure::unknown);
  EXPECT_EQ(twin.run(directory->list("none@example.org")).error(), Failure::unknown);
}

struct ServerAddresses : DirectoryTest {
  ServerAddresses() {
    own.set_secret("secret");
    own.set_rules({rule});
    own.set_report_addresses({"dmarc@example.org"});
    make({.hostname = "mail.host.example", .own = &own});
  }
  [[nodiscard]] std::string address(MessageId id) const {
    return *own.address_for(rule, {id, 0, 0});
  }
  const ReturnRule rule{.domain = "example.org", .address = "bounces@example.org", .reader = {}};
  OwnAddresses own;
};

TEST_F(ServerAddresses, AreTakenWhileTheyAreSound) {
  const MessageId id = twin.queue().next_id();
  const std::string sound = address(id);
  EXPECT_EQ(check(sound), AddressHome::here);
  EXPECT_EQ(place(sound), "server " + sound);
  EXPECT_EQ(check("dmarc@example.org"), AddressHome::here);
  EXPECT_EQ(place("dmarc@example.org"), "server dmarc@example.org");
  for (const char* const forged : {"bounces+x@example.org", "bounces+@example.org"}) {
    EXPECT_EQ(check(forged), failure(Failure::unknown)) << forged;
    EXPECT_EQ(place(forged), std::string("unplaced ") + forged);
  }
  twin.simulation().run_for(std::chrono::days(31));
  EXPECT_EQ(check(sound), failure(Failure::unknown));
}

// Not even a catch-all, or an account of that name, gets what somebody has made up.
TEST_F(ServerAddresses, ForgedOnesAreNobodys) {
  set_domain({.name = "example.org", .hosted = true, .catch_all = "ann@example.org"});
  add_account({.name = "bounces@example.org"});
  EXPECT_EQ(check("bounces@example.org"), AddressHome::here);
  EXPECT_EQ(check("whoever@example.org"), AddressHome::here);
  EXPECT_EQ(check("bounces+x@example.org"), failure(Failure::unknown));
}

TEST_F(ServerAddresses, NeedNoHostedDomain) {
  store::Twin bare;
  DirectoryChanges none;
  none.set_hosts_any(false);
  const auto sender = make_directory({.reactor = bare.reactor(),
                                      .accounts = bare.accounts(),
                                      .mailboxes = nullptr,
                                      .changes = none},
                                     {.hostname = "mail.host.example", .own = &own});
  const std::string sound = address(bare.queue().next_id());
  EXPECT_EQ(bare.run(sender->check({.address = sound})), AddressHome::here);
}

TEST_F(DirectoryTest, ARecordThatCannotBeReadIsNoUnknownAddress) {
  twin.disk().written[index(store::Family::account)].at("ann@example.org").back() ^= 1;
  EXPECT_EQ(check("ann@example.org"), failure(Failure::unavailable));
  EXPECT_EQ(place("ann@example.org"), describe(Failure::unavailable));
  EXPECT_EQ(check("bob@example.org"), AddressHome::here);
}

}  // namespace
}  // namespace postrider::flow
