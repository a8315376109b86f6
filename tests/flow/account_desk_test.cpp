#include "directory_fixture.hpp"

#include <algorithm>
#include <fmt/core.h>

#include <postrider/base/password_hash.hpp>
#include <postrider/flow/credential_source.hpp>
#include <postrider/policy/app_password.hpp>
#include <postrider/policy/scope.hpp>

namespace postrider::flow {
namespace {

using Kind = AccountFailure;

class AccountDeskTest : public DirectoryFixture {
 protected:
  NewAccount account(std::string name) {
    return {.name = std::move(name), .settings = {.password_hash = hash}};
  }
  void add(std::string name) { ASSERT_TRUE(twin.run(desk.add(account(std::move(name))))); }

  // "": it was done.
  template <class T>
  static std::string problem(const AccountResult<T>& result) {
    return result ? std::string() : result.error().text;
  }

  const std::string hash = "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo";
  AccountDesk desk{twin.reactor(), twin.accounts(), {}, &changes};
};

TEST_F(AccountDeskTest, ADomainThatAnAccountMakesKeepsNoMail) {
  add("app@submit.example");
  const auto domain = twin.run(desk.load_domain("submit.example"));
  ASSERT_TRUE(domain);
  EXPECT_FALSE(domain->hosted);
  EXPECT_EQ(check("app@submit.example"), AddressHome::elsewhere);
}

TEST_F(AccountDeskTest, HostingIsSeenAtOnceAndItsEndToo) {
  ASSERT_TRUE(twin.run(desk.change_domain("example.org", {.hosted = false})));
  ASSERT_TRUE(twin.run(desk.start()));
  EXPECT_FALSE(changes.hosts_any());
  add("app@submit.example");
  EXPECT_FALSE(changes.hosts_any());
  ASSERT_TRUE(twin.run(desk.change_domain("submit.example", {.hosted = true})));
  EXPECT_TRUE(changes.hosts_any());
  EXPECT_EQ(check("app@submit.example"), AddressHome::here);
  ASSERT_TRUE(twin.run(desk.remove("app@submit.example")));
  EXPECT_EQ(check("app@submit.example"), failure(AddressFailure::unknown));
  ASSERT_TRUE(twin.run(desk.remove_domain("submit.example")));
  EXPECT_FALSE(changes.hosts_any());
}

TEST_F(AccountDeskTest, TheFirstAccountOfAHostedDomainReadsItsPostmaster) {
  add("first@example.org");
  add("second@example.org");
  EXPECT_EQ(place("postmaster@example.org"), "mailbox first@example.org");
  add("app@later.example");
  ASSERT_TRUE(twin.run(desk.change_domain("later.example", {.hosted = true})));
  EXPECT_EQ(place("abuse@later.example"), "mailbox app@later.example");
  ASSERT_TRUE(twin.run(desk.change_domain("example.org", {.postmaster = "second@example.org"})));
  EXPECT_EQ(place("postmaster@example.org"), "mailbox second@example.org");
}

TEST_F(AccountDeskTest, KeepsEachSetting) {
  auto given = account("User@Example.ORG");
  given.settings.scopes = {{"imap", "smtp"}};
  given.settings.quota_bytes = 5;
  given.settings.quota_messages = 6;
  given.settings.messages_per_hour = 7;
  given.settings.forward_to = {{"X@Example.NET", "x@example.net", "y@example.net"}};
  given.settings.keeps_copy = false;
  const auto made = twin.run(desk.add(std::move(given)));
  ASSERT_TRUE(made) << problem(made);
  EXPECT_EQ(made->name, "user@example.org");
  EXPECT_EQ(policy::scope_names(made->scopes), (std::vector<std::string>{"smtp", "imap"}));
  EXPECT_EQ(made->quota_bytes, 5U);
  EXPECT_EQ(made->quota_messages, 6U);
  EXPECT_EQ(made->messages_per_hour, 7U);
  EXPECT_EQ(made->forward_to, (std::vector<std::string>{"X@example.net", "y@example.net"}));
  EXPECT_FALSE(made->keeps_copy);
  EXPECT_EQ(made->password_hash, hash);
  EXPECT_EQ(twin.run(desk.load("user@example.org")), *made);
  const auto changed =
      twin.run(desk.change("user@example.org", {.scopes = {{"all"}}, .forward_to = {{}}}));
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->scopes, policy::every_scope);
  EXPECT_TRUE(changed->forward_to.empty());
  EXPECT_EQ(changed->quota_bytes, 5U);
}

TEST_F(AccountDeskTest, SetsAPasswordAndForgetsTheOldOne) {
  add("user@example.org");
  const auto changed = twin.run(desk.change("user@example.org", {.password = "pencil"}));
  ASSERT_TRUE(changed) << problem(changed);
  EXPECT_EQ(verify_password(changed->password_hash, "pencil"), PasswordVerdict::match);
  EXPECT_TRUE(changed->scram.has_value());
}

TEST_F(AccountDeskTest, RefusesWhatIsNoValue) {
  add("user@example.org");
  const auto change = [&](AccountChange wanted) {
    const auto result = twin.run(desk.change("user@example.org", std::move(wanted)));
    return result ? std::optional<Kind>() : result.error().kind;
  };
  EXPECT_EQ(change({.password = ""}), Kind::bad_password);
  EXPECT_EQ(change({.password_hash = "plain"}), Kind::bad_password);
  EXPECT_EQ(change({.scram = "SCRAM-SHA-1$x"}), Kind::bad_password);
  EXPECT_EQ(change({.scopes = {{"smtp", "ftp"}}}), Kind::bad_value);
  EXPECT_EQ(change({.forward_to = {{"nobody"}}}), Kind::bad_name);
  EXPECT_EQ(
      change({.forward_to = std::vector<std::string>(forward_targets_max + 1, "a@b.example")}),
      Kind::bad_value);
  EXPECT_EQ(change({.send_as = {{"@not a domain"}}}), Kind::bad_name);
}

TEST_F(AccountDeskTest, AnAccountAndAnAliasCannotHaveOneName) {
  add("user@example.org");
  const auto alias = twin.run(desk.add_alias("User@example.org", {.targets = {{"a@b.example"}}}));
  ASSERT_FALSE(alias);
  EXPECT_EQ(alias.error().kind, Kind::exists);
  ASSERT_TRUE(twin.run(desk.add_alias("sales@example.org", {.targets = {{"user@example.org"}}})));
  const auto made = twin.run(desk.add(account("sales@example.org")));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, Kind::exists);
}

TEST_F(AccountDeskTest, AnAliasThatWouldLoopIsRefusedWithTheWay) {
  ASSERT_TRUE(twin.run(desk.add_alias("a@example.org", {.targets = {{"b@example.org"}}})));
  ASSERT_TRUE(twin.run(desk.add_alias("b@example.org", {.targets = {{"c@example.org"}}})));
  const auto loop = twin.run(desk.add_alias("c@example.org", {.targets = {{"A@example.org"}}}));
  EXPECT_EQ(problem(loop),
            "c@example.org -> a@example.org -> b@example.org -> c@example.org is a loop: take one "
            "of them out");
  const auto self = twin.run(desk.change_alias("a@example.org", {.added = {"a@example.org"}}));
  EXPECT_EQ(problem(self), "a@example.org -> a@example.org is a loop: take one of them out");
  EXPECT_EQ(twin.run(desk.load_alias("a@example.org"))->targets,
            std::vector<std::string>{"b@example.org"});
}

TEST_F(AccountDeskTest, ChangesAliasesAndLists) {
  const auto list = twin.run(
      desk.add_alias("news@example.org", {.kind = store::AliasKind::list,
                                          .posters = store::Posters::named,
                                          .named_posters = {{"boss@example.com", "@staff.example"}},
                                          .title = "News",
                                          .unsubscribe_url = "mailto:leave@example.org"}));
  ASSERT_TRUE(list) << problem(list);  // a list may be without members
  auto changed = twin.run(desk.change_alias(
      "news@example.org", {.added = {"a@b.example", "c@d.example", "A@b.example"}}));
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->targets, (std::vector<std::string>{"a@b.example", "c@d.example"}));
  changed = twin.run(desk.change_alias("news@example.org", {.removed = {"A@B.example"}}));
  EXPECT_EQ(changed->targets, std::vector<std::string>{"c@d.example"});
  EXPECT_EQ(changed->title, "News");
  const auto bad = [&](AliasChange change) {
    const auto result = twin.run(desk.change_alias("news@example.org", std::move(change)));
    return result ? std::optional<Kind>() : result.error().kind;
  };
  EXPECT_EQ(bad({.title = "two\r\nlines"}), Kind::bad_value);
  EXPECT_EQ(bad({.archive_url = "https://a.example/>\r\nBcc: x"}), Kind::bad_value);
  EXPECT_EQ(bad({.archive_url = "javascript:x"}), Kind::bad_value);
  EXPECT_EQ(bad({.kind = store::AliasKind::alias, .targets = {{}}}), Kind::bad_value);
  EXPECT_EQ(bad({.named_posters = {{"*"}}}), Kind::bad_name);
  ASSERT_TRUE(twin.run(desk.remove_alias("news@example.org")));
  EXPECT_EQ(twin.run(desk.remove_alias("news@example.org")).error().kind, Kind::not_found);
}

TEST_F(AccountDeskTest, ADomainAliasStandsForAHostedDomain) {
  ASSERT_TRUE(twin.run(desk.add_domain("plain.example", {})));
  EXPECT_EQ(twin.run(desk.add_domain("x.example", {.alias_of = "plain.example"})).error().kind,
            Kind::bad_value);
  ASSERT_TRUE(twin.run(desk.add_domain("x.example", {.alias_of = "Example.ORG"})));
  EXPECT_EQ(twin.run(desk.add_domain("y.example", {.alias_of = "x.example"})).error().kind,
            Kind::bad_value);
  const auto removed = twin.run(desk.remove_domain("example.org"));
  EXPECT_EQ(problem(removed),
            "example.org still has the domain alias x.example: remove that first");
}

TEST_F(AccountDeskTest, ADomainWithAliasesStays) {
  ASSERT_TRUE(twin.run(desk.add_alias("a@example.org", {.targets = {{"b@c.example"}}})));
  EXPECT_EQ(twin.run(desk.remove_domain("example.org")).error().kind, Kind::exists);
  ASSERT_TRUE(twin.run(desk.remove_alias("a@example.org")));
  EXPECT_TRUE(twin.run(desk.remove_domain("example.org")));
}

TEST_F(AccountDeskTest, AppPasswordsAreShownOnceAndNamed) {
  add("user@example.org");
  const auto shown = twin.run(desk.add_app_password("user@example.org", "phone", {"imap"}));
  ASSERT_TRUE(shown) << problem(shown);
  EXPECT_EQ(shown->password.size(), 23U);
  ASSERT_EQ(shown->account.app_passwords.size(), 1U);
  const auto& kept = shown->account.app_passwords[0];
  EXPECT_EQ(policy::scope_names(kept.scopes), std::vector<std::string>{"imap"});
  EXPECT_EQ(kept.password_hash.find(shown->password), std::string::npos);
  EXPECT_EQ(verify_password(kept.password_hash, *policy::canonical_app_password(shown->password)),
            PasswordVerdict::match);
  EXPECT_EQ(twin.run(desk.add_app_password("user@example.org", "phone", {})).error().kind,
            Kind::exists);
  EXPECT_EQ(twin.run(desk.add_app_password("user@example.org", "", {})).error().kind,
            Kind::bad_value);
  EXPECT_EQ(twin.run(desk.add_app_password("user@example.org", "x", {"ftp"})).error().kind,
            Kind::bad_value);
  EXPECT_EQ(twin.run(desk.remove_app_password("user@example.org", "tablet")).error().kind,
            Kind::not_found);
  const auto removed = twin.run(desk.remove_app_password("user@example.org", "phone"));
  ASSERT_TRUE(removed);
  EXPECT_TRUE(removed->app_passwords.empty());
}

TEST_F(AccountDeskTest, WritesAtOnceLoseNothing) {
  add("user@example.org");
  struct Adding {
    static engine::Task<void> run(AccountDesk& desk, int i) {
      const auto made =
          co_await desk.add_app_password("user@example.org", fmt::format("p{}", i), {});
      EXPECT_TRUE(made) << (made ? "" : made.error().text);
    }
  };
  for (int i = 0; i < 20; ++i) {
    twin.reactor().spawn(Adding::run(desk, i));
  }
  twin.simulation().run_for(std::chrono::seconds(10));
  EXPECT_EQ(twin.run(desk.load("user@example.org"))->app_passwords.size(), 20U);
}

TEST_F(AccountDeskTest, LoginsSeeScopesAppPasswordsAndRate) {
  auto given = account("user@example.org");
  given.settings.scopes = {{"imap"}};
  given.settings.messages_per_hour = 9;
  ASSERT_TRUE(twin.run(desk.add(std::move(given))));
  ASSERT_TRUE(twin.run(desk.add_app_password("user@example.org", "phone", {"smtp"})));
  StoredCredentials source(twin.accounts());
  const auto loaded = twin.run(source.load("user@example.org"));
  ASSERT_TRUE(loaded);
  EXPECT_FALSE(policy::allows(loaded->scopes, policy::Scope::smtp));
  EXPECT_EQ(loaded->messages_per_hour, 9U);
  ASSERT_EQ(loaded->app_passwords.size(), 1U);
  EXPECT_TRUE(policy::allows(loaded->app_passwords[0].scopes, policy::Scope::smtp));
}

}  // namespace
}  // namespace postrider::flow
