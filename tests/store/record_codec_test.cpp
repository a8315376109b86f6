#include "store/record_codec.hpp"

#include "store/account_codec.hpp"
#include "store_fixture.hpp"

#include <functional>
#include <gtest/gtest.h>

#include <postrider/base/random.hpp>
#include <postrider/base/scram_hash.hpp>

namespace postrider::store {
namespace {

WallTime at(std::int64_t nanos) {
  return WallTime(Duration(nanos));
}

Envelope full_envelope() {
  Envelope envelope = *make_message(MessageId(0x0123456789abcdef), "x", {"a.example"}).envelope;
  envelope.ret = Return::headers;
  envelope.priority = Priority::bulk;
  envelope.smtputf8 = true;
  envelope.require_tls = true;
  envelope.disposition = Disposition::quarantine;
  envelope.hops = 255;
  envelope.received_at = at(-1);
  envelope.size_octets = UINT64_MAX;
  envelope.body_chunks = UINT32_MAX;
  envelope.checksum = UINT64_MAX;
  envelope.destinations[0].recipients.push_back(
      {std::string("\0\xff\r\n", 4), "", {.never = false, .success = true, .delay = true}});
  envelope.destinations.push_back({"[192.0.2.1]", {}});
  envelope.destinations.push_back(
      {"b.example", {{"user+x@b.example", "", {}, {LocalKind::mailbox, "user@b.example", "x"}}}});
  return envelope;
}

Progress full_progress() {
  Progress progress = deferred(at(1'767'225'600'123'456'789), 7);
  progress.held = true;
  progress.hold_reason = "held by the operator";
  progress.suspended = std::chrono::hours(5);
  progress.warned = at(42);
  progress.recipients.push_back({RecipientState::failed, {550, "5.1.1", "no", "mx", at(-5)}});
  return progress;
}

Account full_account() {
  return {
      .name = "user@example.org",
      .tenant = "example.org",
      .password_hash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
      .scram = derive_scram_sha256("pencil", "salt", 2),
      .send_as = {"@example.org", "sales@example.net"},
      .disabled = true,
      .created = at(1),
      .changed = at(2),
      .scopes = 2,
      .app_passwords = {{"phone", "$argon2id$x", derive_scram_sha256("app", "salt", 2), 4, at(3)},
                        {"none", "", std::nullopt, scopes_all, at(4)}},
      .quota_bytes = UINT64_MAX,
      .quota_messages = 1,
      .messages_per_hour = 2,
      .forward_to = {"else@example.com"},
      .keeps_copy = false};
}

Domain full_domain() {
  return {.name = "example.org",
          .tenant = "acme",
          .created = at(3),
          .hosted = true,
          .alias_of = "example.com",
          .catch_all = "all@example.org",
          .quota_bytes = 1,
          .quota_messages = 5,
          .account_quota_bytes = 2,
          .account_quota_messages = 3,
          .message_bytes_max = 4,
          .postmaster = "ops@example.org"};
}

Alias full_alias() {
  return {.address = "list@example.org",
          .kind = AliasKind::list,
          .targets = {"a@example.org", "b@example.com"},
          .posters = Posters::named,
          .named_posters = {"chief@example.org"},
          .title = "A list",
          .archive_url = "https://example.org/a",
          .subscribe_url = "mailto:s@example.org",
          .unsubscribe_url = "mailto:u@example.org",
          .reply_to_list = true,
          .created = at(5),
          .changed = at(6)};
}

const DeliveryId delivery{MessageId(77), 3};

TEST(RecordCodec, ReadsBackWhatItWrote) {
  const Envelope envelope = full_envelope();
  EXPECT_EQ(decode_envelope(message_key(envelope.id), encode_envelope(envelope)), envelope);
  const Envelope small = *make_message(MessageId(1), "").envelope;
  EXPECT_EQ(decode_envelope(message_key(small.id), encode_envelope(small)), small);

  for (const Progress& progress : {Progress{}, full_progress()}) {
    EXPECT_EQ(decode_progress(delivery_key(delivery), encode_progress(delivery, progress)),
              progress);
  }
  const auto attempt =
      decode_attempt(delivery_key(delivery), encode_attempt(delivery, {9, at(12345)}));
  ASSERT_TRUE(attempt);
  EXPECT_EQ(attempt->attempt, 9U);
  EXPECT_EQ(attempt->begun, at(12345));

  const Account account = full_account();
  EXPECT_EQ(decode_account(account.name, encode_account(account)), account);
  const Account bare{.name = "a@b"};
  EXPECT_EQ(decode_account(bare.name, encode_account(bare)), bare);
  for (const Domain& domain : {full_domain(), Domain{.name = "d"}}) {
    EXPECT_EQ(decode_domain(domain.name, encode_domain(domain)), domain);
  }
  Domain before = full_domain();  // as it was written before it had a limit of messages
  before.quota_messages = 0;
  EXPECT_EQ(decode_domain(before.name, encode_domain(before)), before);
  EXPECT_LT(encode_domain(before).size(), encode_domain(full_domain()).size());
  for (const Alias& alias : {full_alias(), Alias{.address = "a@b"}}) {
    EXPECT_EQ(decode_alias(alias.address, encode_alias(alias)), alias);
  }

  const std::string word = encode_word("format", "1");
  EXPECT_EQ(decode_word("format", word), "1");
}

TEST(RecordCodec, ADispositionThatDoesNotExistIsRefused) {
  Envelope envelope = full_envelope();
  for (const Disposition known : {Disposition::inbox, Disposition::junk, Disposition::quarantine}) {
    envelope.disposition = known;
    const auto read = decode_envelope(message_key(envelope.id), encode_envelope(envelope));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->disposition, known);
    EXPECT_TRUE(read->smtputf8);
  }
  for (const int unknown : {3, 4, 200}) {
    envelope.disposition = static_cast<Disposition>(unknown);
    EXPECT_FALSE(decode_envelope(message_key(envelope.id), encode_envelope(envelope)));
  }
}

TEST(RecordCodec, EnvelopeFactsAreThoseOfTheEnvelope) {
  const Envelope envelope = full_envelope();
  const auto facts = decode_envelope_facts(message_key(envelope.id), encode_envelope(envelope));
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->deliveries, 3U);
  EXPECT_EQ(facts->body_records, UINT32_MAX);

  const Envelope small = *make_message(MessageId(1), "").envelope;
  const auto of_small = decode_envelope_facts(message_key(small.id), encode_envelope(small));
  ASSERT_TRUE(of_small);
  EXPECT_EQ(of_small->body_records, 1U);
}

TEST(RecordCodec, BodyKeepsItsOctetsBeforeTheSeal) {
  const std::string key = chunk_key(MessageId(5), 2);
  for (const std::string& octets : {std::string(), std::string("x"), std::string(5000, '\0')}) {
    const std::string record = octets + encode_body_seal(key, octets);
    EXPECT_EQ(decode_body(key, record), octets);
    EXPECT_EQ(decode_body(chunk_key(MessageId(5), 3), record), failure(RecordError::checksum));
  }
  EXPECT_EQ(decode_body(key, "short"), failure(RecordError::truncated));
}

// Each record, as a way to tell whether octets are accepted under a key.
struct Sample {
  const char* name;
  std::string key;
  std::string value;
  std::function<bool(std::string_view, const std::string&)> is_accepted;
};

std::vector<Sample> samples() {
  const Envelope envelope = full_envelope();
  const std::string body_key = chunk_key(MessageId(5), 0);
  DoneSet done;
  done.insert(9);
  const std::string aside = quarantine_key(Family::env, "12345678");
  return {
      {"envelope", message_key(envelope.id), encode_envelope(envelope),
       [](auto key, auto& v) { return decode_envelope(key, v).has_value(); }},
      {"facts", message_key(envelope.id), encode_envelope(envelope),
       [](auto key, auto& v) { return decode_envelope_facts(key, v).has_value(); }},
      {"progress", delivery_key(delivery), encode_progress(delivery, full_progress()),
       [](auto key, auto& v) { return decode_progress(key, v).has_value(); }},
      {"attempt", delivery_key(delivery), encode_attempt(delivery, {1, at(2)}),
       [](auto key, auto& v) { return decode_attempt(key, v).has_value(); }},
      {"body", body_key, "octets" + encode_body_seal(body_key, "octets"),
       [](auto key, auto& v) { return decode_body(key, v).has_value(); }},
      {"done", message_key(MessageId(5)), encode_done(MessageId(5), done),
       [](auto key, auto& v) { return decode_done(key, v).has_value(); }},
      {"quarantined", aside, encode_quarantined(aside, {"why", "octets"}),
       [](auto key, auto& v) { return decode_quarantined(key, v).has_value(); }},
      {"account", full_account().name, encode_account(full_account()),
       [](auto key, auto& v) { return decode_account(key, v).has_value(); }},
      {"domain", full_domain().name, encode_domain(full_domain()),
       [](auto key, auto& v) { return decode_domain(key, v).has_value(); }},
      {"alias", full_alias().address, encode_alias(full_alias()),
       [](auto key, auto& v) { return decode_alias(key, v).has_value(); }},
      {"word", "secret", encode_word("secret", "text"),
       [](auto key, auto& v) { return decode_word(key, v).has_value(); }},
  };
}

TEST(RecordCodec, RefusesEveryDamagedByteEveryPrefixAndEveryOtherKey) {
  for (const Sample& sample : samples()) {
    ASSERT_TRUE(sample.is_accepted(sample.key, sample.value)) << sample.name;
    for (std::size_t i = 0; i < sample.value.size(); ++i) {
      std::string damaged = sample.value;
      damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
      EXPECT_FALSE(sample.is_accepted(sample.key, damaged)) << sample.name << " byte " << i;
      EXPECT_FALSE(sample.is_accepted(sample.key, sample.value.substr(0, i)))
          << sample.name << " cut at " << i;
    }
    EXPECT_FALSE(sample.is_accepted(sample.key, sample.value + 'x')) << sample.name;
    std::string other = sample.key;
    other.back() = static_cast<char>(other.back() ^ 1);
    EXPECT_FALSE(sample.is_accepted(other, sample.value)) << sample.name;
  }
}

TEST(RecordCodec, TellsANewerVersionFromDamage) {
  std::string newer = encode_word("w", "x");
  newer[0] = 2;
  EXPECT_EQ(decode_word("w", newer), failure(RecordError::version));
}

TEST(RecordCodec, KeysSortAsWhatTheyMean) {
  const DeliveryId low{MessageId(1), UINT32_MAX};
  const DeliveryId high{MessageId(256), 0};
  EXPECT_LT(delivery_key(low), delivery_key(high));
  EXPECT_LT(chunk_key(MessageId(1), 255), chunk_key(MessageId(1), 256));
  const std::vector<WallTime> times = {at(INT64_MIN), at(-1),  at(0),        at(1),
                                       at(255),       at(256), at(INT64_MAX)};
  for (std::size_t i = 1; i < times.size(); ++i) {
    EXPECT_LT(due_key(times[i - 1], high), due_key(times[i], low));
  }
  EXPECT_LT(due_key(at(1), low), due_key(at(1), high));
  EXPECT_LT(chunk_key(MessageId(1), UINT32_MAX), past_message(MessageId(1)));
  EXPECT_LE(past_message(MessageId(1)), message_key(MessageId(2)));
  EXPECT_LT(chunk_key(MessageId(UINT64_MAX), UINT32_MAX), past_message(MessageId(UINT64_MAX)));
}

TEST(RecordCodec, ParsesItsOwnKeysAndNoOthers) {
  const auto due = parse_due_key(due_key(at(-7), delivery));
  ASSERT_TRUE(due);
  EXPECT_EQ(due->due, at(-7));
  EXPECT_EQ(due->delivery, delivery);
  EXPECT_EQ(parse_delivery_key(delivery_key(delivery)), delivery);
  EXPECT_EQ(parse_message_key(chunk_key(MessageId(9), 1)), MessageId(9));
  EXPECT_FALSE(parse_due_key(delivery_key(delivery)));
  EXPECT_FALSE(parse_delivery_key(message_key(MessageId(9))));
  EXPECT_FALSE(parse_message_key("1234567"));
}

TEST(DoneSet, CountsEachDeliveryOnce) {
  DoneSet done;
  EXPECT_FALSE(done.contains(100));
  for (const std::uint32_t number : {0U, 7U, 8U, 100U, 7U}) {
    done.insert(number);
    EXPECT_TRUE(done.contains(number));
  }
  EXPECT_EQ(done.count(), 4U);
  EXPECT_FALSE(done.contains(1));
  EXPECT_FALSE(done.contains(101));
}

// Rightly sealed records with fields of another kind, as a defect of ours would write them.
TEST(RecordCodec, NeverReadsPastFieldsOfAnotherKind) {
  constexpr std::uint64_t seed = 20261122;
  SeededRandom random(seed);
  for (int i = 0; i < 20'000; ++i) {
    std::string payload(random.below(64), '\0');
    random.fill(std::as_writable_bytes(std::span(payload)));
    const std::string key = message_key(MessageId(1));
    const std::string record = encode_done(MessageId(1), DoneSet(payload));
    EXPECT_TRUE(decode_done(key, record));
    (void)decode_envelope(key, record);  // must not crash; what it says is not the point
    (void)decode_account(key, record);
    (void)decode_progress(key, record);
    (void)decode_quarantined(key, record);
  }
}

}  // namespace
}  // namespace postrider::store
