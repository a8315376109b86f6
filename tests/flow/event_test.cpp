#include <gtest/gtest.h>
#include <string>

#include <postrider/flow/event.hpp>

namespace postrider::flow {
namespace {

TEST(EncodeEvent, WritesOneObjectWithoutWhatIsUnknown) {
  Event event;
  event.kind = EventKind::delivered;
  event.time = from_unix_millis(1'767'225'600'123);
  event.id = MessageId(0x123456789abcULL);
  event.tenant = "acme";
  event.from = "a@example.org";
  event.to = "b@example.net";
  event.code = 250;
  event.enhanced = "2.0.0";
  event.text = "taken \"now\"\n";
  event.attempt = 3;
  event.duration.connect = 1.23456;
  event.duration.transaction = 0;
  std::string out;
  encode_event(event, out);
  EXPECT_EQ(out, R"({"time":"2026-01-01T00:00:00.123Z","event":"delivered","id":")" +
                     event.id.text() +
                     R"(","tenant":"acme","from":"a@example.org","to":"b@example.net","code":250,)"
                     R"("enhanced":"2.0.0","text":"taken \"now\"\n","attempt":3,)"
                     R"("duration_ms":{"connect":1.235,"transaction":0}})");
}

TEST(EncodeEvent, EveryKindHasAName) {
  for (int kind = 0; kind <= static_cast<int>(EventKind::quarantined); ++kind) {
    EXPECT_NE(describe(static_cast<EventKind>(kind)), "unknown");
  }
}

TEST(EncodeEvent, TheNullSenderIsWritten) {
  std::string out;
  encode_event({}, out);
  EXPECT_NE(out.find(R"("from":"")"), std::string::npos);
  EXPECT_EQ(out.find("code"), std::string::npos);
}

}  // namespace
}  // namespace postrider::flow
