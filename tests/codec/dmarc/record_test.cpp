#include <gtest/gtest.h>

#include <postrider/codec/dmarc/record.hpp>

namespace postrider::dmarc {
namespace {

TEST(DmarcRecord, ReadsEachTag) {
  const auto record = parse_record(
      "v=DMARC1; p=reject; sp = quarantine ;np=none; adkim=s;aspf=s; psd=n; t=y; fo=1:d:s; "
      "rua=mailto:a@example.com!10m , https://example.org/x; ruf=mailto:f@example.com; pct=10; "
      "x=y;");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->policy, Policy::reject);
  EXPECT_EQ(record->subdomain_policy, Policy::quarantine);
  EXPECT_EQ(record->nonexistent_policy, Policy::none);
  EXPECT_TRUE(record->strict_dkim);
  EXPECT_TRUE(record->strict_spf);
  EXPECT_EQ(record->public_suffix, PublicSuffix::no);
  EXPECT_TRUE(record->testing);
  EXPECT_EQ(record->failure_options, "1:d:s");
  EXPECT_EQ(record->aggregate_uris,
            (std::vector<std::string>{"mailto:a@example.com", "https://example.org/x"}));
  EXPECT_EQ(record->failure_uris, std::vector<std::string>{"mailto:f@example.com"});
}

TEST(DmarcRecord, WantsItsVersionFirst) {
  for (const char* text : {"v=DMARC1", "v = DMARC1 ;p=none", " v=DMARC1;", "V=DMARC1; p=none"}) {
    EXPECT_TRUE(parse_record(text)) << text;
  }
  for (const char* text :
       {"", ";", "v=DMARC2; p=none", "v=dmarc1; p=none", "p=none; v=DMARC1", "v=spf1 -all",
        "x; v=DMARC1; p=none", "v=DMARC1 p=none", "v=DMARC10; p=none", "DMARC1; p=none"}) {
    EXPECT_FALSE(parse_record(text)) << text;
  }
}

// RFC 9989 4.10.1.
TEST(DmarcRecord, HasNoPolicyIfItIsBrokenAndNobodyWantsReports) {
  for (const char* text :
       {"v=DMARC1", "v=DMARC1; p=discard", "v=DMARC1; p=", "v=DMARC1; p=reject; sp=no",
        "v=DMARC1; p=reject; np=", "v=DMARC1; p=bad; p=reject", "v=DMARC1; p=x; rua=nobody"}) {
    EXPECT_FALSE(parse_record(text)->policy) << text;
    const auto reported = parse_record(std::string(text) + "; rua=mailto:a@example.com");
    if (std::string_view(text).find("rua") == std::string_view::npos) {
      EXPECT_EQ(reported->policy, Policy::none) << text;
      EXPECT_FALSE(reported->subdomain_policy) << text;
    }
  }
}

TEST(DmarcRecord, LeavesWhatIsMalformedAtItsDefault) {
  const auto record = parse_record(
      "v=DMARC1; p=REJECT; adkim=x; aspf; psd=maybe; t=yes; fo=9; ;;=; rua=,:,mailto:,1:x; p=none");
  ASSERT_TRUE(record);
  EXPECT_EQ(*record, Record{.policy = Policy::reject});
}

}  // namespace
}  // namespace postrider::dmarc
