#include "directory_fixture.hpp"

namespace postrider::flow {
namespace {

using Failure = AddressFailure;

struct DirectoryLimits : DirectoryFixture {};

AddressQuestion question(std::string address, std::uint64_t size = 0) {
  return {.address = std::move(address), .reverse_path = "friend@example.net", .size = size};
}

TEST_F(DirectoryLimits, ADisabledAccountTakesNothing) {
  add_account({.name = "off@example.org", .disabled = true, .forward_to = {"x@example.net"}});
  add_account({.name = "on@example.org"});
  add_alias("both@example.org", {"off@example.org", "on@example.org"});
  EXPECT_EQ(check("off@example.org"), failure(Failure::disabled));
  EXPECT_EQ(check("both@example.org"), AddressHome::here);
  EXPECT_EQ(place("off@example.org"), "mailbox off@example.org");  // its delivery tells why
}

TEST_F(DirectoryLimits, AFullMailboxTakesNothingMore) {
  add_account({.name = "b@example.org", .quota_bytes = 1000});
  add_account({.name = "m@example.org", .quota_messages = 2});
  EXPECT_EQ(check(question("b@example.org", 1000)), AddressHome::here);
  EXPECT_EQ(check(question("b@example.org", 1001)), failure(Failure::over_quota));
  deliver("b@example.org", 600);
  deliver("m@example.org", 600);
  EXPECT_EQ(check(question("b@example.org", 400)), AddressHome::here);
  EXPECT_EQ(check(question("b@example.org", 401)), failure(Failure::over_quota));
  EXPECT_EQ(check(question("b@example.org")), AddressHome::here);
  deliver("b@example.org", 400);
  EXPECT_EQ(check(question("b@example.org")), failure(Failure::over_quota));
  EXPECT_EQ(check(question("m@example.org", 1 << 20)), AddressHome::here);
  deliver("m@example.org", 1);
  EXPECT_EQ(check(question("m@example.org")), failure(Failure::over_quota));
}

TEST_F(DirectoryLimits, AMailboxThatIsFullForLongSaysSo) {
  using std::chrono::hours;
  make({.hostname = "mail.host.example", .full_max = hours(72)});
  add_account({.name = "b@example.org", .quota_bytes = 1000});
  deliver("b@example.org", 1000);
  EXPECT_EQ(check(question("b@example.org")), failure(Failure::over_quota));
  twin.simulation().run_for(hours(71));
  EXPECT_EQ(check(question("b@example.org")), failure(Failure::over_quota));
  twin.simulation().run_for(hours(1));
  EXPECT_EQ(check(question("b@example.org")), failure(Failure::full_for_long));
  // Room for one ends it.
  auto account = *twin.run(twin.accounts().load_account("b@example.org"));
  account.quota_bytes = 5000;
  set_account(account);
  EXPECT_EQ(check(question("b@example.org")), AddressHome::here);
  account.quota_bytes = 1000;
  set_account(account);
  EXPECT_EQ(check(question("b@example.org")), failure(Failure::over_quota));
}

TEST_F(DirectoryLimits, WithoutATimeAFullMailboxIsOnlyFull) {
  make({.hostname = "mail.host.example"});
  add_account({.name = "b@example.org", .quota_bytes = 1000});
  deliver("b@example.org", 1000);
  EXPECT_EQ(check(question("b@example.org")), failure(Failure::over_quota));
  twin.simulation().run_for(std::chrono::days(30));
  EXPECT_EQ(check(question("b@example.org")), failure(Failure::over_quota));
}

TEST_F(DirectoryLimits, AnAccountWithoutALimitHasItsDomains) {
  set_domain({.name = "example.org", .hosted = true, .account_quota_bytes = 100});
  add_account({.name = "own@example.org", .quota_bytes = 1000});
  add_account({.name = "none@example.org"});
  EXPECT_EQ(check(question("own@example.org", 500)), AddressHome::here);
  EXPECT_EQ(check(question("none@example.org", 500)), failure(Failure::over_quota));
}

TEST_F(DirectoryLimits, ADomainIsFullWhenItsAccountsAreTogether) {
  set_domain({.name = "example.org", .hosted = true, .quota_bytes = 1000});
  add_account({.name = "a@example.org"});
  add_account({.name = "b@example.org"});
  add_domain({.name = "example.com", .hosted = true});
  add_account({.name = "c@example.com"});
  deliver("a@example.org", 600);
  deliver("c@example.com", 5000);
  EXPECT_EQ(check(question("b@example.org", 401)), failure(Failure::domain_over_quota));
  EXPECT_EQ(check(question("b@example.org", 400)), AddressHome::here);
  deliver("b@example.org", 300);
  EXPECT_EQ(check(question("a@example.org", 101)), failure(Failure::domain_over_quota))
      << "at once";
  EXPECT_EQ(check(question("a@example.org", 100)), AddressHome::here);
  EXPECT_EQ(check(question("c@example.com", 1 << 20)), AddressHome::here);
  ASSERT_TRUE(twin.run(twin.accounts().remove_account("a@example.org")));
  EXPECT_EQ(check(question("b@example.org", 700)), AddressHome::here) << "nobody's mail";
}

TEST_F(DirectoryLimits, ADomainKeepsSoManyMessagesAndNoMore) {
  set_domain({.name = "example.org", .hosted = true, .quota_messages = 2});
  add_account({.name = "a@example.org"});
  add_account({.name = "b@example.org"});
  deliver("a@example.org", 1);
  EXPECT_EQ(check(question("b@example.org", 1 << 20)), AddressHome::here);
  deliver("b@example.org", 1);
  EXPECT_EQ(check(question("a@example.org")), failure(Failure::domain_over_quota));
  EXPECT_EQ(check(question("b@example.org")), failure(Failure::domain_over_quota));
}

TEST_F(DirectoryLimits, ADomainBoundsTheSizeOfAMessage) {
  set_domain({.name = "example.org", .hosted = true, .message_bytes_max = 1000});
  add_account({.name = "a@example.org"});
  add_alias("out@example.org", {"x@example.net"});
  add_domain({.name = "example.com", .alias_of = "example.org"});
  EXPECT_EQ(check(question("a@example.org", 1000)), AddressHome::here);
  EXPECT_EQ(check(question("a@example.org", 1001)), failure(Failure::too_large));
  EXPECT_EQ(check(question("a@example.com", 1001)), failure(Failure::too_large));
  EXPECT_EQ(check(question("out@example.org", 1001)), failure(Failure::too_large));
}

TEST_F(DirectoryLimits, WhoMayPost) {
  using store::AliasKind;
  using store::Posters;
  add_account({.name = "ann@example.org"});
  add_alias("team@example.org", {"ann@example.org", "pat@example.net"});
  for (const auto& [name, kind, posters] :
       {std::tuple{"open@example.org", AliasKind::group, Posters::anyone},
        {"group@example.org", AliasKind::group, Posters::members},
        {"some@example.org", AliasKind::group, Posters::named},
        {"list@example.org", AliasKind::list, Posters::members},
        {"all@example.org", AliasKind::list, Posters::anyone}}) {
    add_alias({.address = name,
               .kind = kind,
               .targets = {"team@example.org", "ann@example.org"},
               .posters = posters,
               .named_posters = {"boss@example.com", "@staff.example"}});
  }
  add_alias("outer@example.org", {"group@example.org"});
  struct Row {
    const char* address;
    const char* reverse_path;
    const char* account;
    bool may;
  };
  const Row rows[] = {
      {"open@example.org", "x@example.com", "", true},
      {"open@example.org", "", "", true},
      {"group@example.org", "x@example.com", "", false},
      {"group@example.org", "", "", false},
      {"group@example.org", "Ann@example.org", "", true},
      {"group@example.org", "ann+list@example.org", "", true},
      {"group@example.org", "x@example.com", "ann@example.org", true},
      {"group@example.org", "pat@example.net", "", true},  // by way of team@
      {"group@example.org", "boss@example.com", "", true},
      {"group@example.org", "any@staff.example", "", true},
      {"group@example.org", "any@sub.staff.example", "", false},
      {"some@example.org", "ann@example.org", "", false},
      {"some@example.org", "boss@example.com", "", true},
      {"list@example.org", "ann@example.org", "", true},
      {"list@example.org", "x@example.com", "", false},
      {"list@example.org", "", "ann@example.org", false},  // the null path is no post
      {"all@example.org", "x@example.com", "", true},
      {"all@example.org", "", "", false},
      {"outer@example.org", "x@example.com", "", false},
      {"outer@example.org", "ann@example.org", "", true},
  };
  for (const Row& row : rows) {
    const auto checked =
        check({.address = row.address, .reverse_path = row.reverse_path, .account = row.account});
    const auto expected =
        row.may ? Result<AddressHome, Failure>(AddressHome::here) : failure(Failure::not_permitted);
    EXPECT_EQ(checked, expected) << row.address << " from " << row.reverse_path;
  }
}

}  // namespace
}  // namespace postrider::flow
