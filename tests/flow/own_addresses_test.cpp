#include <cctype>
#include <gtest/gtest.h>
#include <optional>
#include <set>
#include <string>

#include <postrider/base/text.hpp>
#include <postrider/flow/own_addresses.hpp>

// Addresses that mail goes out from so that what comes back tells what it is about: nobody else can
// make one.
namespace postrider::flow {
namespace {

using Error = OwnAddressError;
using std::chrono::days;

struct Addresses : testing::Test {
  Addresses() {
    own.set_secret("secret");
    own.set_rules({rule});
    own.set_report_addresses({"dmarc@example.org", "", "tls@example.org"});
  }
  [[nodiscard]] SentTo sent(std::uint32_t delivery = 0, std::uint32_t recipient = 0,
                            WallTime at = now) const {
    return {ids(at), delivery, recipient};
  }
  static MessageId ids(WallTime at) {
    MessageIdSource source(0, {});
    return source.next(at);
  }
  std::optional<Error> error_of(const std::string& address, WallTime at = now) const {
    const auto read = own.read(address, at);
    return read ? std::nullopt : std::optional(read.error());
  }
  static inline const WallTime now = WallTime(std::chrono::seconds(1'795'000'000));
  const ReturnRule rule{.domain = "example.org", .address = "bounces@example.org", .reader = {}};
  OwnAddresses own;
};

TEST_F(Addresses, SayWhatTheyAreAbout) {
  for (const SentTo to :
       {sent(), sent(0, 1), sent(127, 128), sent(9'999, 99), sent(1U << 20U, 1000)}) {
    const auto address = own.address_for(rule, to);
    ASSERT_TRUE(address);
    const std::size_t at = address->rfind('@');
    EXPECT_LE(at, 64U) << *address;  // RFC 5321 4.5.3.1.1
    EXPECT_EQ(address->substr(at), "@example.org");
    EXPECT_TRUE(address->starts_with("bounces+")) << *address;
    const auto read = own.read(*address, now);
    ASSERT_TRUE(read) << *address;
    EXPECT_EQ(read->kind, OwnAddress::Kind::returned);
    EXPECT_EQ(read->about, to);
    EXPECT_EQ(read->rule, rule);
  }
}

TEST_F(Addresses, SurviveAnotherCase) {
  std::string address = *own.address_for(rule, sent(3, 4));
  for (char& c : address) {
    c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  const auto read = own.read(address, now);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->about, sent(3, 4));
}

TEST_F(Addresses, NobodyElseMakesThem) {
  const std::string sound = *own.address_for(rule, sent(1, 2));
  const std::size_t at = sound.rfind('@');
  // Each digit of it counts.
  for (std::size_t i = std::string("bounces+").size(); i < at; ++i) {
    std::string forged = sound;
    forged[i] = forged[i] == 'a' ? 'b' : 'a';
    EXPECT_EQ(error_of(forged), Error::forged) << forged;
  }
  for (const char* const forged :
       {"bounces+@example.org", "bounces+x@example.org",
        "bounces+aaaaaaaaaaaaaaaaaaaaaaaaaa@example.org", "bounces+ann=example.net@example.org",
        "bounces+%00@example.org"}) {
    EXPECT_EQ(error_of(forged), Error::forged) << forged;
  }
  EXPECT_EQ(error_of(sound.substr(0, at - 1) + "@example.org"), Error::forged);
  EXPECT_EQ(error_of(sound.substr(0, at) + "a@example.org"), Error::forged);
  // Of another server.
  OwnAddresses other;
  other.set_secret("another secret");
  other.set_rules({rule});
  const auto read = other.read(sound, now);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error(), Error::forged);
}

TEST_F(Addresses, OfOneDomainAreNotAnothers) {
  const ReturnRule second{.domain = "example.com", .address = "bounces@example.com", .reader = {}};
  const ReturnRule shared{.domain = "example.net", .address = "bounces@example.org", .reader = {}};
  own.set_rules({rule, second, shared});
  const std::string sound = *own.address_for(rule, sent());
  EXPECT_EQ(error_of(sound.substr(0, sound.rfind('@')) + "@example.com"), Error::forged);
  EXPECT_EQ(error_of(sound.substr(0, sound.rfind('@')) + "@elsewhere.example"), Error::not_ours);
  // Several domains may use one address: what comes back is treated as its own says.
  EXPECT_EQ(own.read(sound, now)->rule, rule);
  EXPECT_EQ(own.read(*own.address_for(shared, sent()), now)->rule, shared);
}

TEST_F(Addresses, OthersAreNotTheirs) {
  for (const char* const address :
       {"ann@example.org", "bounces@example.org", "bounces-x@example.org", "bouncesx+a@example.org",
        "bounces+a@example.net", "", "@", "bounces+a"}) {
    EXPECT_EQ(error_of(address), Error::not_ours) << address;
  }
}

TEST_F(Addresses, GrowOld) {
  const std::string address = *own.address_for(rule, sent());
  EXPECT_EQ(error_of(address, now + days(29)), std::nullopt);
  EXPECT_EQ(error_of(address, now + days(31)), Error::expired);
  EXPECT_EQ(error_of(address, now - std::chrono::hours(1)), std::nullopt);  // a clock set back
  EXPECT_EQ(error_of(address, now - days(3)), Error::expired);
}

TEST_F(Addresses, AreForTheSendersOfTheDomain) {
  EXPECT_NE(own.rule_for("ann@example.org"), nullptr);
  EXPECT_NE(own.rule_for("Ann@EXAMPLE.org"), nullptr);
  for (const char* const sender : {"", "ann@example.net", "ann@sub.example.org", "ann"}) {
    EXPECT_EQ(own.rule_for(sender), nullptr) << sender;
  }
  ReturnRule silent = rule;
  silent.address.clear();
  EXPECT_EQ(own.address_for(silent, sent()), std::nullopt);
  ReturnRule lengthy = rule;
  lengthy.address = std::string(60, 'x') + "@example.org";
  EXPECT_EQ(own.address_for(lengthy, sent()), std::nullopt);  // no room: it goes out as it is
}

TEST_F(Addresses, WithoutASecretNothingIsOurs) {
  OwnAddresses none;
  none.set_rules({rule});
  EXPECT_EQ(none.rule_for("ann@example.org"), nullptr);
  const auto read = none.read(*own.address_for(rule, sent()), now);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error(), Error::not_ours);
  EXPECT_EQ(none.read_envelope_id(own.envelope_id(rule, ids(now))), std::nullopt);
}

TEST_F(Addresses, TheReportAddressIsTheServers) {
  for (const char* const address : {"dmarc@example.org", "DMARC@Example.ORG"}) {
    const auto read = own.read(address, now);
    ASSERT_TRUE(read) << address;
    EXPECT_EQ(read->kind, OwnAddress::Kind::reports);
  }
  own.set_report_addresses({});
  EXPECT_EQ(error_of("dmarc@example.org"), Error::not_ours);
  EXPECT_EQ(error_of(""), Error::not_ours);
}

TEST_F(Addresses, AnEnvelopeIdNamesItsMessage) {
  const MessageId id = ids(now);
  const std::string made = own.envelope_id(rule, id);
  EXPECT_LE(made.size(), 100U);  // RFC 3461 4.4
  EXPECT_EQ(own.read_envelope_id(made), id);
  EXPECT_EQ(own.read_envelope_id(id.text()), std::nullopt);
  EXPECT_EQ(own.read_envelope_id(id.text() + "."), std::nullopt);
  EXPECT_EQ(own.read_envelope_id(id.text() + ".aaaaaaaaaa"), std::nullopt);
  EXPECT_EQ(own.read_envelope_id(""), std::nullopt);
  std::string other = made;
  other.front() = other.front() == '1' ? '2' : '1';
  EXPECT_EQ(own.read_envelope_id(other), std::nullopt);
}

}  // namespace
}  // namespace postrider::flow
