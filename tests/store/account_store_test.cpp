#include "store/memory_kv.hpp"
#include "store/record_codec.hpp"
#include "store_fixture.hpp"

#include <gtest/gtest.h>

namespace postrider::store {
namespace {

Account make_account(std::string name) {
  return {.name = std::move(name), .tenant = "acme", .password_hash = "$argon2id$x"};
}

TEST(AccountStore, KeepsAccountsDurablyForEveryCore) {
  Twin twin(1, 2);
  const Account account = make_account("user@example.org");
  EXPECT_EQ(twin.run(twin.accounts().load_account(account.name)), failure(StoreError::not_found));
  EXPECT_TRUE(twin.run(twin.accounts().save_account(account, true)));
  EXPECT_EQ(twin.run(twin.accounts(1).load_account(account.name)), account);
  twin.lose_power();
  EXPECT_EQ(twin.run(twin.accounts(1).load_account(account.name)), account);
}

TEST(AccountStore, ComparesNamesInLowerCase) {
  Twin twin;
  EXPECT_TRUE(twin.run(twin.accounts().save_account(make_account("User@Example.ORG"), true)));
  const auto loaded = twin.run(twin.accounts().load_account("uSER@example.org"));
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->name, "user@example.org");
  EXPECT_EQ(twin.run(twin.accounts().save_account(make_account("USER@example.org"), true)),
            failure(StoreError::conflict));
}

TEST(AccountStore, TellsNewFromChanged) {
  Twin twin;
  Account account = make_account("a@example.org");
  EXPECT_EQ(twin.run(twin.accounts().save_account(account, false)), failure(StoreError::not_found));
  EXPECT_TRUE(twin.run(twin.accounts().save_account(account, true)));
  account.disabled = true;
  EXPECT_TRUE(twin.run(twin.accounts().save_account(account, false)));
  EXPECT_EQ(twin.run(twin.accounts().load_account(account.name)), account);
  EXPECT_TRUE(twin.run(twin.accounts().remove_account(account.name)));
  EXPECT_EQ(twin.run(twin.accounts().remove_account(account.name)), failure(StoreError::not_found));
  EXPECT_EQ(twin.run(twin.accounts().load_account(account.name)), failure(StoreError::not_found));
}

TEST(AccountStore, KeepsAliasesLikeAccounts) {
  Twin twin(1, 2);
  const Alias alias{.address = "sales@example.org", .targets = {"a@example.org"}};
  EXPECT_TRUE(twin.run(twin.accounts().save_alias(alias, true)));
  EXPECT_EQ(twin.run(twin.accounts().save_alias(alias, true)), failure(StoreError::conflict));
  twin.lose_power();
  EXPECT_EQ(twin.run(twin.accounts(1).load_alias("SALES@example.org")), alias);
  EXPECT_EQ(twin.run(twin.accounts().list_aliases("", 10)), std::vector{alias});
  EXPECT_EQ(twin.run(twin.accounts().list_aliases(alias.address, 10)), std::vector<Alias>{});
  EXPECT_TRUE(twin.run(twin.accounts().remove_alias(alias.address)));
  EXPECT_EQ(twin.run(twin.accounts().load_alias(alias.address)), failure(StoreError::not_found));
}

TEST(AccountStore, OfTwoThatMakeOneNameInOneGroupOneWins) {
  struct Making {
    static engine::Task<void> run(AccountStore& accounts, int& made, int& refused) {
      const auto result = co_await accounts.save_account(make_account("a@b"), true);
      ++(result ? made : refused);
      EXPECT_TRUE(result || result.error() == StoreError::conflict);
    }
  };
  Twin twin;
  int made = 0;
  int refused = 0;
  twin.reactor().spawn(Making::run(twin.accounts(), made, refused));
  twin.reactor().spawn(Making::run(twin.accounts(), made, refused));
  twin.simulation().run_for(std::chrono::seconds(1));
  EXPECT_EQ(made, 1);
  EXPECT_EQ(refused, 1);
}

TEST(AccountStore, ListsInOrderAndInSlices) {
  Twin twin;
  for (const char* name : {"c@x", "a@x", "b@x"}) {
    EXPECT_TRUE(twin.run(twin.accounts().save_account(make_account(name), true)));
    EXPECT_TRUE(twin.run(twin.accounts().save_domain({name, "acme", {}}, true)));
  }
  const auto first = twin.run(twin.accounts().list_accounts("", 2));
  ASSERT_TRUE(first);
  ASSERT_EQ(first->size(), 2U);
  EXPECT_EQ((*first)[0].name, "a@x");
  const auto rest = twin.run(twin.accounts().list_accounts((*first)[1].name, 2));
  ASSERT_TRUE(rest);
  ASSERT_EQ(rest->size(), 1U);
  EXPECT_EQ((*rest)[0].name, "c@x");
  EXPECT_EQ(twin.run(twin.accounts().list_domains("", 100))->size(), 3U);
}

TEST(AccountStore, KeepsDomainsApartFromAccounts) {
  Twin twin;
  const Domain domain{"example.org", "acme", from_unix_millis(1)};
  EXPECT_TRUE(twin.run(twin.accounts().save_domain(domain, true)));
  EXPECT_EQ(twin.run(twin.accounts().load_domain("EXAMPLE.org")), domain);
  EXPECT_EQ(twin.run(twin.accounts().load_account("example.org")), failure(StoreError::not_found));
  EXPECT_TRUE(twin.run(twin.accounts().remove_domain("example.org")));
  EXPECT_EQ(twin.run(twin.accounts().load_domain("example.org")), failure(StoreError::not_found));
}

TEST(AccountStore, ADamagedAccountIsClosedAndSeenAndCanBeReplaced) {
  Twin twin;
  EXPECT_TRUE(twin.run(twin.accounts().save_account(make_account("a@x"), true)));
  twin.disk().written[index(Family::account)].at("a@x").back() ^= 1;
  EXPECT_EQ(twin.run(twin.accounts().load_account("a@x")), failure(StoreError::corrupt));
  const auto listed = twin.run(twin.accounts().list_accounts("", 10));
  ASSERT_TRUE(listed);
  ASSERT_EQ(listed->size(), 1U);
  EXPECT_TRUE((*listed)[0].disabled);
  EXPECT_TRUE(twin.run(twin.accounts().save_account(make_account("a@x"), false)));
  EXPECT_TRUE(twin.run(twin.accounts().load_account("a@x")));
}

TEST(AccountStore, TheServerSecretIsMadeOnceAndKept) {
  Twin twin;
  const auto secret = twin.run(twin.accounts().server_secret());
  ASSERT_TRUE(secret);
  EXPECT_EQ(secret->size(), 32U);
  twin.lose_power();
  EXPECT_EQ(twin.run(twin.accounts().server_secret()), secret);
  Twin other(2);
  EXPECT_NE(other.run(other.accounts().server_secret()), secret);
}

TEST(StoreFormat, ANewerFormatIsRefusedWithARemedy) {
  Twin twin;
  twin.kill();
  twin.disk().written[index(Family::meta)]["format"] = encode_word("format", "2");
  try {
    twin.open();
    FAIL() << "opened a newer format";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("format 2"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace postrider::store
