#include <gtest/gtest.h>
#include <string>

#include <postrider/codec/report/dsn.hpp>
#include <postrider/flow/dsn.hpp>

namespace postrider::flow {
namespace {

store::Envelope letter() {
  store::Envelope envelope;
  envelope.id = MessageId(42);
  envelope.tenant = "acme";
  envelope.reverse_path = "Sender@Acme.Example";
  envelope.envid = "QQ314159";
  envelope.received_at = from_unix_millis(1'767'225'600'000);
  return envelope;
}

ReportedRecipient failed(const std::string& address) {
  ReportedRecipient out;
  out.recipient.address = address;
  out.last = {550, "5.1.1", "no such\nuser", "mx.example.org [192.0.2.1]:25",
              from_unix_millis(1'767'225'700'000)};
  return out;
}

store::NewMessage report_of(const store::Envelope& about, ReportedRecipient recipient) {
  SeededRandom random(1);
  auto made = make_report({about,
                           {std::move(recipient)},
                           "Subject: hi\r\n\r\nbody words\r\n",
                           true,
                           "out.test",
                           MessageId(43),
                           from_unix_millis(1'767'225'701'000)},
                          random);
  EXPECT_TRUE(made.has_value());
  return std::move(*made);
}

TEST(Report, IsWantedAsNotifySays) {
  struct Row {
    store::Notify notify;
    bool on_failure;
    bool on_delay;
    bool on_success;
  };
  const Row rows[] = {{{}, true, true, false},
                      {{.never = true}, false, false, false},
                      {{.success = true}, false, false, true},
                      {{.failure = true}, true, false, false},
                      {{.delay = true}, false, true, false},
                      {{.success = true, .failure = true, .delay = true}, true, true, true}};
  for (const Row& row : rows) {
    store::Recipient recipient;
    recipient.notify = row.notify;
    store::Envelope envelope = letter();
    EXPECT_EQ(is_report_wanted(envelope, recipient, Fate::failed), row.on_failure);
    EXPECT_EQ(is_report_wanted(envelope, recipient, Fate::delayed), row.on_delay);
    EXPECT_EQ(is_report_wanted(envelope, recipient, Fate::relayed), row.on_success);
    envelope.reverse_path.clear();
    EXPECT_FALSE(is_report_wanted(envelope, recipient, Fate::failed));
    EXPECT_FALSE(is_report_wanted(envelope, recipient, Fate::relayed));
  }
}

TEST(Report, GoesToTheSenderFromNobody) {
  const auto message = report_of(letter(), failed("user@example.org"));
  const store::Envelope& envelope = *message.envelope;
  EXPECT_EQ(envelope.reverse_path, "");
  EXPECT_EQ(envelope.id, MessageId(43));
  EXPECT_EQ(envelope.tenant, "acme");
  ASSERT_EQ(envelope.destinations.size(), 1U);
  EXPECT_EQ(envelope.destinations[0].domain, "acme.example");
  EXPECT_EQ(envelope.destinations[0].recipients[0].address, "Sender@Acme.Example");
  EXPECT_TRUE(envelope.destinations[0].recipients[0].notify.never);
  EXPECT_EQ(envelope.size_octets, message.octets.view().size());
  const std::string text(message.octets.view());
  for (const std::string_view part :
       {"QQ314159", "Final-Recipient: rfc822;user@example.org", "Action: failed", "Status: 5.1.1",
        "Remote-MTA: dns;mx.example.org", "550 5.1.1 no such user", "Subject: hi"}) {
    std::string squeezed = text;
    std::erase(squeezed, ' ');
    std::string wanted(part);
    std::erase(wanted, ' ');
    EXPECT_NE(squeezed.find(wanted), std::string::npos) << part << "\n" << text;
  }
  EXPECT_EQ(text.find("body words"), std::string::npos) << "the header is enough";
}

TEST(Report, ReturnsTheWholeWhereThatWasAskedForAndItFailed) {
  store::Envelope envelope = letter();
  envelope.ret = store::Return::full;
  EXPECT_NE(report_of(envelope, failed("user@example.org")).octets.view().find("body words"),
            std::string_view::npos);
  ReportedRecipient delayed = failed("user@example.org");
  delayed.fate = Fate::delayed;
  delayed.last = {451, "4.7.1", "later", "", {}};
  delayed.will_retry_until = from_unix_millis(1'767'300'000'000);
  const auto message = report_of(envelope, delayed);
  EXPECT_EQ(message.octets.view().find("body words"), std::string_view::npos);
  EXPECT_NE(message.octets.view().find("Will-Retry-Until"), std::string_view::npos);
}

TEST(Report, NobodyIsAskedToReadOneWhoseAddressLeadsNowhere) {
  SeededRandom random(1);
  for (const std::string_view path : {"postmaster", "@", "a@", "@b", "a@b..c"}) {
    store::Envelope envelope = letter();
    envelope.reverse_path = path;
    EXPECT_FALSE(
        make_report({envelope, {failed("x@y")}, "", false, "out.test", MessageId(1), {}}, random)
            .has_value())
        << path;
  }
}

TEST(Report, AnAddressInUtf8MakesAUtf8Report) {
  store::Envelope envelope = letter();
  envelope.smtputf8 = true;
  const auto message = report_of(envelope, failed("\xc3\xa9@example.org"));
  EXPECT_TRUE(message.envelope->smtputf8);
}

}  // namespace
}  // namespace postrider::flow
