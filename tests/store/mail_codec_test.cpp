#include "store/mail_codec.hpp"

#include <gtest/gtest.h>
#include <random>

namespace postrider::store {
namespace {

const MailKey mail{MailAccountId{7}, MailboxId{3}, 4'000'000'000};

TEST(MailKeys, SortAsWhatTheyMeanDoes) {
  EXPECT_LT(mail_key({MailAccountId{1}, MailboxId{9}, 9}),
            mail_key({MailAccountId{256}, MailboxId{1}, 1}));
  EXPECT_LT(mail_key({MailAccountId{1}, MailboxId{1}, 255}),
            mail_key({MailAccountId{1}, MailboxId{1}, 256}));
  EXPECT_LT(change_key(mail, 255), change_key(mail, 256));
  EXPECT_LT(trash_key(mail, WallTime{}), trash_key(mail, WallTime{} + std::chrono::seconds(1)));
  EXPECT_LT(mail_key({MailAccountId{1}, MailboxId{1}, ~Uid{0}}),
            past(mailbox_key(MailAccountId{1}, MailboxId{1})));
  EXPECT_EQ(past("a\xff\xff"), "b");
  EXPECT_EQ(past("\xff"), "");
}

TEST(MailKeys, AreReadBack) {
  EXPECT_EQ(parse_mail_key(mail_key(mail)), mail);
  EXPECT_EQ(parse_mailbox_key(mailbox_key(mail.account, mail.mailbox)), mail.mailbox);
  EXPECT_EQ(parse_page_key(page_key(mail.account, mail.mailbox, 77)), 77U);
  const auto change = parse_change_key(change_key(mail, 1ULL << 40));
  ASSERT_TRUE(change);
  EXPECT_EQ(change->modseq, 1ULL << 40);
  EXPECT_EQ(change->uid, mail.uid);
  const WallTime when{std::chrono::hours(500'000)};
  const auto trash = parse_trash_key(trash_key(mail, when));
  ASSERT_TRUE(trash);
  EXPECT_EQ(trash->mail, mail);
  EXPECT_EQ(trash->expunged, when);
  for (const std::string_view bad : {"", "short", "much too long for any of these keys, surely"}) {
    EXPECT_FALSE(parse_mail_key(bad));
    EXPECT_FALSE(parse_change_key(bad));
    EXPECT_FALSE(parse_trash_key(bad));
  }
}

Mailbox full_mailbox() {
  Mailbox box;
  box.id = mail.mailbox;
  box.name = "Projekte/Ärger";
  box.uid_validity = 4'000'000'000;
  box.uid_next = 17;
  box.highest_modseq = 1ULL << 50;
  box.vanished_floor = 12;
  box.recent_from = 16;
  box.counts = {5, 4, 3, 1ULL << 40};
  box.special_use = SpecialUse::important;
  box.created = WallTime{std::chrono::hours(1)};
  box.removed = WallTime{std::chrono::hours(2)};
  box.keywords = {"$Junk", "Work"};
  return box;
}

TEST(MailRecords, AreReadBackAndNothingElseIs) {
  MailAccount account{.name = "ada@example.org",
                      .usage = {1ULL << 40, 1'000'000},
                      .modseq = 99,
                      .next_mailbox = 4,
                      .last_uid_validity = 5,
                      .next_email = 6,
                      .subscriptions = {"INBOX", "Ärger"},
                      .created = WallTime{std::chrono::hours(3)}};
  const std::string key = account_key(mail.account);
  const std::string record = encode_mail_account(key, account);
  EXPECT_EQ(decode_mail_account(key, record), account);
  EXPECT_EQ(decode_mail_account(account_key(MailAccountId{8}), record).error(),
            RecordError::checksum);
  const std::string box_key = mailbox_key(mail.account, mail.mailbox);
  EXPECT_EQ(decode_mailbox(box_key, encode_mailbox(box_key, full_mailbox())), full_mailbox());
  MailFacts facts;
  facts.flags = {SystemFlag::all, {"a", "b"}};
  facts.modseq = 1ULL << 60;
  facts.internal_date = WallTime{std::chrono::hours(-5)};
  facts.saved = WallTime{std::chrono::hours(5)};
  facts.email = 1;
  facts.thread = 2;
  facts.trace_bytes = 3;
  facts.zone_minutes = -5999;
  facts.body_bytes = 1ULL << 33;
  facts.blob.arrival = 1ULL << 60;
  facts.blob.hash.fill('\xee');
  const std::string facts_key = mail_key(mail);
  const std::string facts_record = encode_facts(facts_key, facts);
  EXPECT_EQ(decode_facts(facts_key, facts_record), facts);
  for (std::size_t size = 0; size < facts_record.size(); ++size) {
    EXPECT_FALSE(decode_facts(facts_key, facts_record.substr(0, size)));
  }
  facts.blob.arrival = 0;  // as an older version named it
  EXPECT_EQ(decode_facts(facts_key, encode_facts(facts_key, facts)), facts);
  EXPECT_EQ(encode_facts(facts_key, facts).size() + 8, facts_record.size());
  const MailDetail detail{"Received: x\r\n", std::string("\0\xff", 2)};
  EXPECT_EQ(decode_detail(facts_key, encode_detail(facts_key, detail)), detail);
  EXPECT_EQ(decode_event("k", encode_event("k", MailEvent::expunged)), MailEvent::expunged);
  EXPECT_EQ(decode_modseq("k", encode_modseq("k", 5)), 5U);
  EXPECT_FALSE(decode_modseq("k", encode_modseq("k", 0)));
}

TEST(BodyNames, AreReadBackFromTheKeysThatBeginWithThem) {
  BlobId blob{5, {}};
  blob.hash.fill('h');
  for (const std::uint64_t arrival : {std::uint64_t{5}, std::uint64_t{0}}) {
    blob.arrival = arrival;
    const std::string name = blob_name(blob);
    EXPECT_EQ(parse_blob_name(name), blob);
    EXPECT_EQ(blob_in_frame_key(blob_key(blob, 7)), name);
    const std::string key = ref_key(blob, mail);
    EXPECT_EQ(split_ref_key(key).blob, name);
    EXPECT_EQ(parse_mail_key(split_ref_key(key).mail), mail);
  }
  EXPECT_FALSE(parse_blob_name(std::string(8, '\0') + std::string(16, 'h'))) << "two names of one";
  EXPECT_FALSE(parse_blob_name(std::string(17, 'h')));
  EXPECT_FALSE(parse_blob_name(""));
  EXPECT_EQ(blob_in_frame_key("x"), "");
  EXPECT_EQ(split_ref_key("x").mail, "x");
  const Arrivals arrivals = {0, 1, ~std::uint64_t{0}};
  EXPECT_EQ(decode_arrivals("k", encode_arrivals("k", arrivals)), arrivals);
  EXPECT_FALSE(decode_arrivals("k", encode_arrivals("k", {})));
}

TEST(MailPages, AreReadBackHoweverTheyAreFilled) {
  const std::string key = page_key(mail.account, mail.mailbox, 3);
  std::mt19937 random(1);
  for (const unsigned density : {0U, 1U, 2U, 50U, 98U, 99U, 100U}) {
    UidSet messages;
    UidSet seen;
    for (Uid uid = 3 * UidSet::page_uids; uid < 4 * UidSet::page_uids; ++uid) {
      if (random() % 100 < density) {
        messages.insert(uid);
        if (random() % 2 == 0) {
          seen.insert(uid);
        }
      }
    }
    MailPage page;
    page.messages.number = page.seen.number = 3;
    page.messages = messages.page(3) != nullptr ? *messages.page(3) : page.messages;
    page.seen = seen.page(3) != nullptr ? *seen.page(3) : page.seen;
    const std::string record = encode_page(key, page);
    EXPECT_LT(record.size(), 1100U);
    const auto back = decode_page(key, record);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->messages, page.messages);
    EXPECT_EQ(back->seen, page.seen);
  }
}

TEST(MailPages, OfAMailboxThatNobodyTidiesAreSmall) {
  UidSet all;
  for (Uid uid = 0; uid < UidSet::page_uids; ++uid) {
    all.insert(uid);
  }
  const std::string key = page_key(mail.account, mail.mailbox, 0);
  EXPECT_LT(encode_page(key, {*all.page(0), *all.page(0)}).size(), 25U);
}

TEST(BlobFrames, AreReadBack) {
  const std::string key = blob_key({}, 0);
  std::mt19937 random(2);
  std::string noise(5000, '\0');
  for (char& c : noise) {
    c = static_cast<char>(random());
  }
  for (const std::string& octets :
       {std::string(), std::string("x"), noise, std::string(blob_frame_octets, 'z')}) {
    const std::string record = encode_frame(key, 1ULL << 34, octets);
    EXPECT_LE(record.size(), octets.size() + 30);
    const auto frame = decode_frame(key, record);
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->octets, octets);
    EXPECT_EQ(frame->body_bytes, 1ULL << 34);
  }
  EXPECT_LT(encode_frame(key, 1, std::string(blob_frame_octets, 'z')).size(), 200U);
}

}  // namespace
}  // namespace postrider::store
