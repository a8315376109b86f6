#include <algorithm>
#include <gtest/gtest.h>
#include <string>
#include <variant>

#include <postrider/base/base64.hpp>
#include <postrider/base/random.hpp>
#include <postrider/codec/sasl/client_exchange.hpp>
#include <postrider/codec/sasl/server_exchange.hpp>

namespace postrider::sasl {
namespace {

constexpr std::string_view salt = "0123456789abcdef";

// A source that gives the octets of a string, for the examples of RFCs.
class FixedRandom final : public Random {
 public:
  explicit FixedRandom(std::string octets) : octets_(std::move(octets)) {}
  void fill(std::span<std::byte> out) override {
    for (std::byte& b : out) {
      b = static_cast<std::byte>(octets_[at_++ % octets_.size()]);
    }
  }

 private:
  std::string octets_;
  std::size_t at_ = 0;
};

struct Meeting {
  bool proved = false;
  bool client_content = false;
  std::string authcid;
  std::optional<ServerFailure> server;
  std::optional<ClientFailure> client;
  std::string password;
};

struct Party {
  Mechanism mechanism = Mechanism::scram_sha_256;
  ChannelBindings bindings;
  bool plus_offered = false;
};

Meeting meet(const Party& server_side, const Party& client_side, ClientCredentials credentials,
             const std::string& password_on_server) {
  SeededRandom random(3);
  Meeting out;
  ServerExchange server({server_side.mechanism, server_side.bindings, server_side.plus_offered},
                        random);
  ClientExchange client(client_side.mechanism, std::move(credentials), client_side.bindings,
                        random);
  const auto initial = client.start();
  if (!initial) {
    out.client = initial.error();
    return out;
  }
  const std::string first = initial->value_or("");
  const std::string_view view = first;
  ServerStep step = server.start(*initial ? &view : nullptr);
  while (true) {
    if (const auto* challenge = std::get_if<SendChallenge>(&step)) {
      const auto answer = client.respond(challenge->octets);
      if (!answer) {
        out.client = answer.error();
        return out;
      }
      step = server.respond(*answer);
    } else if (std::holds_alternative<LookUpVerifier>(step)) {
      step = server.on_verifier(derive_scram_sha256(password_on_server, salt, 4096));
    } else if (const auto* failed = std::get_if<ExchangeFailed>(&step)) {
      out.server = failed->kind;
      out.client_content = client.may_succeed();
      return out;
    } else if (const auto* password = std::get_if<CheckPassword>(&step)) {
      out.authcid = password->authcid;
      out.password = password->password;
      out.proved = password->password == password_on_server;
      out.client_content = client.may_succeed();
      return out;
    } else {
      out.authcid = std::get<ProofHolds>(step).authcid;
      out.proved = true;
      out.client_content = client.may_succeed();
      return out;
    }
  }
}

const ChannelBindings bound{.tls_exporter = std::string(32, 'e'),
                            .tls_server_end_point = std::string(32, 'c')};
const ChannelBindings other{.tls_exporter = std::string(32, 'x'),
                            .tls_server_end_point = std::string(32, 'c')};
const ChannelBindings end_point_only{.tls_server_end_point = std::string(32, 'c')};

TEST(SaslExchange, EachMechanismLetsTheRightPasswordIn) {
  for (const Mechanism mechanism : {Mechanism::plain, Mechanism::login, Mechanism::scram_sha_256,
                                    Mechanism::scram_sha_256_plus}) {
    const Meeting met =
        meet({mechanism, bound}, {mechanism, bound}, {"user=a,b@x", "pencil"}, "pencil");
    EXPECT_TRUE(met.proved) << name_of(mechanism);
    EXPECT_TRUE(met.client_content) << name_of(mechanism);
    EXPECT_EQ(met.authcid, "user=a,b@x") << name_of(mechanism);
    const Meeting wrong =
        meet({mechanism, bound}, {mechanism, bound}, {"user", "Pencil"}, "pencil");
    EXPECT_FALSE(wrong.proved) << name_of(mechanism);
  }
}

TEST(SaslExchange, ScramSaysMismatchForAWrongPassword) {
  const Meeting met = meet({}, {}, {"user", "wrong"}, "pencil");
  EXPECT_EQ(met.server, ServerFailure::mismatch);
  EXPECT_FALSE(met.client_content);
}

// RFC 5802 6: who may bind, and what a man in the middle gets.
TEST(SaslExchange, ChannelBindingMatrix) {
  const auto plain = Mechanism::scram_sha_256;
  const auto plus = Mechanism::scram_sha_256_plus;
  struct Row {
    const char* claim;
    Party server;
    Party client;
    std::optional<ServerFailure> failure;
  };
  const Row rows[] = {
      {"both bind", {plus, bound, true}, {plus, bound}, std::nullopt},
      {"only the end point", {plus, end_point_only, true}, {plus, end_point_only}, std::nullopt},
      {"another channel", {plus, bound, true}, {plus, other}, ServerFailure::channel_binding},
      {"a kind that we lack",
       {plus, end_point_only, true},
       {plus, bound},
       ServerFailure::channel_binding},
      {"downgrade: y, and we offered it",
       {plain, bound, true},
       {plain, bound},
       ServerFailure::channel_binding},
      {"y, and we did not offer it", {plain, {}, false}, {plain, bound}, std::nullopt},
      {"n is always good", {plain, bound, true}, {plain, {}}, std::nullopt},
      {"-PLUS without a binding", {plus, bound, true}, {plain, {}}, ServerFailure::channel_binding},
      {"a binding without -PLUS",
       {plain, bound, true},
       {plus, bound},
       ServerFailure::channel_binding},
  };
  for (const Row& row : rows) {
    const Meeting met = meet(row.server, row.client, {"user", "pencil"}, "pencil");
    EXPECT_EQ(met.server, row.failure) << row.claim;
    EXPECT_EQ(met.proved, !row.failure.has_value()) << row.claim;
  }
}

TEST(SaslExchange, ExampleOfRfc7677) {  // RFC 7677 3
  // Our nonces are base64 and have no "%" and ")" as the example's; the rest of it is the same.
  FixedRandom server_random(*decode_base64("hvYDpWUa2RaTCAfuxFIljhNl"));
  ServerExchange server({Mechanism::scram_sha_256, {}, false}, server_random);
  const std::string_view first = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
  auto step = server.start(&first);
  ASSERT_TRUE(std::holds_alternative<LookUpVerifier>(step));
  step = server.on_verifier(
      derive_scram_sha256("pencil", *decode_base64("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096));
  EXPECT_EQ(std::get<SendChallenge>(step).octets,
            "r=rOprNGfwEbeRWgbNEkqOhvYDpWUa2RaTCAfuxFIljhNl,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
}

TEST(SaslServer, RefusesWhatIsNoMessage) {
  struct Row {
    Mechanism mechanism;
    std::string first;
    ServerFailure failure;
  };
  const std::string nul(1, '\0');
  const Row rows[] = {
      {Mechanism::plain, "", ServerFailure::malformed},
      {Mechanism::plain, "user", ServerFailure::malformed},
      {Mechanism::plain, nul + "user", ServerFailure::malformed},
      {Mechanism::plain, nul + "user" + nul + "pw" + nul, ServerFailure::malformed},
      {Mechanism::plain, nul + nul + "pw", ServerFailure::bad_name},
      {Mechanism::plain, nul + "user" + nul, ServerFailure::bad_name},
      {Mechanism::plain, nul + "us\xff" + nul + "pw", ServerFailure::bad_name},
      {Mechanism::plain, nul + "us\ner" + nul + "pw", ServerFailure::bad_name},
      {Mechanism::plain, nul + "user" + nul + std::string(5000, 'p'), ServerFailure::bad_name},
      {Mechanism::scram_sha_256, "", ServerFailure::malformed},
      {Mechanism::scram_sha_256, "n,", ServerFailure::malformed},
      {Mechanism::scram_sha_256, "x,,n=user,r=abc", ServerFailure::malformed},
      {Mechanism::scram_sha_256, "n,b=user,n=user,r=abc", ServerFailure::malformed},
      {Mechanism::scram_sha_256, "n,a=,n=user,r=abc", ServerFailure::malformed},
      {Mechanism::scram_sha_256, "n,,m=ext,n=user,r=abc", ServerFailure::malformed},
      {Mechanism::scram_sha_256, "n,,n=us=3er,r=abc", ServerFailure::malformed},
      {Mechanism::scram_sha_256, "n,,n=user", ServerFailure::malformed},
      {Mechanism::scram_sha_256, "n,,n=user,r=", ServerFailure::malformed},
      {Mechanism::scram_sha_256, "n,,n=user,r=a b", ServerFailure::malformed},
      {Mechanism::scram_sha_256, "n,,n=user,r=" + std::string(300, 'r'), ServerFailure::malformed},
      {Mechanism::scram_sha_256, "n,,n=,r=abc", ServerFailure::bad_name},
  };
  for (const Row& row : rows) {
    SeededRandom random(1);
    ServerExchange server({row.mechanism, {}, false}, random);
    const std::string_view first = row.first;
    const ServerStep step = server.start(&first);
    const auto* failed = std::get_if<ExchangeFailed>(&step);
    ASSERT_NE(failed, nullptr) << row.first;
    EXPECT_EQ(failed->kind, row.failure) << row.first;
  }
}

TEST(SaslServer, RefusesAFinalMessageThatIsNone) {
  for (const char* final :
       {"", "c=biws", "c=biws,r=%", "c=biws,r=%,p=", "c=biws,r=%,p=!!", "r=%,c=biws,p=AAAA",
        "c=!,r=%,p=AAAA", "c=eSws,r=%,p=AAAA", "c=biws,r=abc,p=AAAA",
        "c=biws,r=%,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}) {
    SeededRandom random(1);
    ServerExchange server({Mechanism::scram_sha_256, {}, false}, random);
    const std::string_view first = "n,,n=user,r=abc";
    ASSERT_TRUE(std::holds_alternative<LookUpVerifier>(server.start(&first)));
    const ServerStep challenge = server.on_verifier(derive_scram_sha256("pencil", salt, 4096));
    const std::string server_first = std::get<SendChallenge>(challenge).octets;
    std::string message = final;
    if (const auto at = message.find('%'); at != std::string::npos) {
      message.replace(at, 1, server_first.substr(2, server_first.find(',') - 2));
    }
    EXPECT_TRUE(std::holds_alternative<ExchangeFailed>(server.respond(message))) << final;
  }
}

TEST(SaslServer, LoginAsksForBothEvenIfTheNameIsBad) {
  SeededRandom random(1);
  ServerExchange server({Mechanism::login, {}, false}, random);
  EXPECT_EQ(std::get<SendChallenge>(server.start(nullptr)).octets, "Username:");
  EXPECT_EQ(std::get<SendChallenge>(server.respond("\xff")).octets, "Password:");
  EXPECT_EQ(std::get<ExchangeFailed>(server.respond("pw")).kind, ServerFailure::bad_name);
}

TEST(SaslClient, KnowsAFalseServer) {
  // The server claims success without the verifier of our password.
  SeededRandom random(5);
  ClientExchange client(Mechanism::scram_sha_256, {"user", "pencil"}, {}, random);
  const auto first = client.start();
  const std::string nonce = (*first)->substr((*first)->find("r=") + 2);
  ASSERT_TRUE(client.respond("r=" + nonce + "more,s=c2FsdA==,i=4096").has_value());
  EXPECT_FALSE(client.may_succeed());
  EXPECT_EQ(client.respond("v=" + encode_base64(std::string(32, 'x'))).error(),
            ClientFailure::bad_server);
  EXPECT_FALSE(client.may_succeed());
}

TEST(SaslClient, RefusesChallengesThatAreNone) {
  for (const char* bad :
       {"", "r=abc", "r=%,s=c2FsdA==,i=4096", "r=%x,s=,i=4096", "r=%x,s=c2FsdA==,i=0",
        "r=%x,s=c2FsdA==,i=-1", "r=zz%x,s=c2FsdA==,i=4096", "m=x,r=%x,s=c2FsdA==,i=4096"}) {
    SeededRandom random(5);
    ClientExchange client(Mechanism::scram_sha_256, {"user", "pencil"}, {}, random);
    const auto first = client.start();
    std::string message = bad;
    if (const auto at = message.find('%'); at != std::string::npos) {
      message.replace(at, 1, (*first)->substr((*first)->find("r=") + 2));
    }
    EXPECT_EQ(client.respond(message).error(), ClientFailure::malformed) << bad;
  }
  SeededRandom random(5);
  ClientExchange client(Mechanism::scram_sha_256, {"user", "pencil"}, {}, random);
  const auto first = client.start();
  EXPECT_EQ(
      client.respond("r=" + (*first)->substr((*first)->find("r=") + 2) + "x,s=c2FsdA==,i=99999999")
          .error(),
      ClientFailure::too_costly);
}

TEST(SaslMechanism, ChoosesTheBest) {
  const std::vector<std::string> all = {"LOGIN", "PLAIN", "scram-sha-256", "SCRAM-SHA-256-PLUS",
                                        "GSSAPI"};
  EXPECT_EQ(choose_mechanism(all, bound, true), Mechanism::scram_sha_256_plus);
  EXPECT_EQ(choose_mechanism(all, {}, true), Mechanism::scram_sha_256);
  EXPECT_EQ(choose_mechanism({"LOGIN", "PLAIN"}, bound, true), Mechanism::plain);
  EXPECT_EQ(choose_mechanism({"LOGIN"}, bound, true), Mechanism::login);
  EXPECT_EQ(choose_mechanism({"LOGIN", "PLAIN"}, bound, false), std::nullopt);
  EXPECT_EQ(choose_mechanism({"GSSAPI"}, bound, true), std::nullopt);
}

}  // namespace
}  // namespace postrider::sasl
