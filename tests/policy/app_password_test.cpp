#include <gtest/gtest.h>
#include <map>
#include <set>

#include <postrider/engine/simulation.hpp>
#include <postrider/policy/app_password.hpp>
#include <postrider/policy/authenticator.hpp>

namespace postrider::policy {
namespace {

TEST(AppPassword, IsOneOfManyAndReadsBack) {
  SeededRandom random(1);
  std::set<std::string> seen;
  std::map<char, int> letters;
  for (int i = 0; i < 1000; ++i) {
    const auto password = make_app_password(random);
    ASSERT_EQ(password.size(), 23U);
    EXPECT_TRUE(seen.insert(password).second);
    const auto canonical = canonical_app_password(password);
    ASSERT_TRUE(canonical);
    EXPECT_EQ(canonical->size(), 20U);
    for (const char c : *canonical) {
      ++letters[c];
    }
  }
  EXPECT_EQ(letters.size(), 32U);
  for (const auto& [letter, count] : letters) {
    EXPECT_NEAR(count, 625, 150) << letter;
  }
}

TEST(AppPassword, ToleratesHowPeopleTypeIt) {
  const auto plain = canonical_app_password("abcdefghijkmnpqrstuv");
  ASSERT_TRUE(plain);
  for (const char* typed :
       {"abcde-fghij-kmnpq-rstuv", "ABCDE fghij KMNPQ rstuv", "abcdefghij-kmnpqrstuv"}) {
    EXPECT_EQ(canonical_app_password(typed), plain) << typed;
  }
  for (const char* other : {"", "abcde", "abcdefghijkmnpqrstuvw", "abcdefghijkmnpqrstu0",
                            "abcdefghijkmnpqrstu1", "abcdefghijkmnpqrst_v"}) {
    EXPECT_FALSE(canonical_app_password(other)) << other;
  }
}

TEST(Scopes, ReadBackByName) {
  for (unsigned bits = 0; bits <= every_scope; ++bits) {
    EXPECT_EQ(parse_scopes(scope_names(static_cast<std::uint8_t>(bits))), bits);
  }
  EXPECT_EQ(parse_scopes({"all"}), every_scope);
  EXPECT_EQ(parse_scopes({"smtp", "ftp"}), std::nullopt);
}

class OneAccount final : public CredentialSource {
 public:
  engine::Task<Result<Credentials, CredentialFailure>> load(std::string) override {
    co_return account;
  }
  Credentials account;
};

class AppPasswordLogin : public testing::Test {
 protected:
  AppPasswordLogin() {
    SeededRandom random(1);
    source.account.name = "user@example.org";
    source.account.password_hash = hash_password("pencil", random, cheap);
    source.account.scram = derive_scram_sha256("pencil", "0123456789abcdef", 4096);
    source.account.messages_per_hour = 7;
    source.account.scopes = static_cast<std::uint8_t>(Scope::imap);
    source.account.app_passwords = {
        {hash_password(*canonical_app_password(phone), random, app_password_cost),
         static_cast<std::uint8_t>(Scope::smtp)}};
  }
  LoginOutcome login(const std::string& password, Scope scope) {
    LoginOutcome out;
    simulation->run(run_login(&out, {"user@example.org", "", password, peer, scope}));
    return out;
  }
  engine::Task<void> run_login(LoginOutcome* out, PasswordLogin login) {
    *out = co_await authenticator.check_password(std::move(login), {});
  }
  engine::Task<void> run_proof(LoginOutcome* out, ProofLogin login) {
    *out = co_await authenticator.check_proof(std::move(login), {});
  }

  static constexpr Argon2Cost cheap{.memory_kib = 64, .passes = 1, .lanes = 1};
  const std::string phone = "abcde-fghij-kmnpq-rstuv";
  const IpAddress peer = *IpAddress::parse("192.0.2.1");
  OneAccount source;
  std::unique_ptr<engine::Simulation> simulation = engine::Simulation::create({});
  Authenticator authenticator{simulation->reactor(0), source, "secret", {.unknown_cost = cheap}};
};

TEST_F(AppPasswordLogin, EachPasswordIsGoodForItsProtocols) {
  const auto sends = login(phone, Scope::smtp);
  EXPECT_EQ(sends.verdict, LoginVerdict::accepted);
  EXPECT_EQ(sends.identity.messages_per_hour, 7U);
  EXPECT_EQ(login("pencil", Scope::imap).verdict, LoginVerdict::accepted);
  // Twice: what is remembered has its scopes too.
  for (int i = 0; i < 2; ++i) {
    for (const auto& [password, scope] : {std::pair(phone, Scope::imap),
                                          {phone, Scope::pop3},
                                          {std::string("pencil"), Scope::smtp}}) {
      const auto refused = login(password, scope);
      EXPECT_EQ(refused.verdict, LoginVerdict::rejected);
      EXPECT_TRUE(refused.out_of_scope);
      EXPECT_TRUE(refused.identity.name.empty());
    }
  }
  EXPECT_FALSE(login("wrong", Scope::imap).out_of_scope);
}

TEST_F(AppPasswordLogin, IsGoneWhenItIsRemoved) {
  EXPECT_EQ(login(phone, Scope::smtp).verdict, LoginVerdict::accepted);
  EXPECT_EQ(login(phone, Scope::smtp).verdict, LoginVerdict::accepted);
  EXPECT_EQ(authenticator.counters().cache_hits, 1U);
  source.account.app_passwords.clear();
  EXPECT_EQ(login(phone, Scope::smtp).verdict, LoginVerdict::rejected);
}

TEST_F(AppPasswordLogin, ScramIsTheAccountsOwnPassword) {
  for (const auto& [scope, verdict] :
       {std::pair(Scope::imap, LoginVerdict::accepted), {Scope::smtp, LoginVerdict::rejected}}) {
    LoginOutcome out;
    simulation->run(run_proof(&out, {"user@example.org", "", true, peer, scope}));
    EXPECT_EQ(out.verdict, verdict);
    EXPECT_EQ(out.out_of_scope, verdict == LoginVerdict::rejected);
  }
}

TEST_F(AppPasswordLogin, AnAccountMayHaveNothingElse) {
  source.account.password_hash.clear();
  source.account.scram.reset();
  EXPECT_EQ(login(phone, Scope::smtp).verdict, LoginVerdict::accepted);
  EXPECT_EQ(login("pencil", Scope::imap).verdict, LoginVerdict::rejected);
  EXPECT_EQ(login("", Scope::imap).verdict, LoginVerdict::rejected);
}

}  // namespace
}  // namespace postrider::policy
