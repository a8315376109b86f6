#include <gtest/gtest.h>

#include <postrider/codec/mime/limits.hpp>
#include <postrider/codec/mime/message_id.hpp>

namespace postrider::mime {
namespace {

TEST(MessageIdField, ParsesStandardAndObsoleteForms) {
  const std::pair<const char*, const char*> rows[] = {
      {"<1234@local.machine.example>", "1234@local.machine.example"},
      {" (c) <a.b$c@x> (d)", "a.b$c@x"},
      {"\r\n <a@b>", "a@b"},
      {"<\"a b\"@c>", "\"a b\"@c"},
      {"<\"ab\"@c>", "ab@c"},
      {"<a@[192.0.2.1]>", "a@[192.0.2.1]"},
      {"< a . b @ c . d >", "a.b@c.d"},
      {"<\xC3\xA4@b>", "\xC3\xA4@b"},
  };
  for (const auto& [text, id] : rows) {
    EXPECT_EQ(parse_message_id(text), id) << text;
  }
}

TEST(MessageIdField, RefusesTheRest) {
  for (const char* text : {"", "a@b", "<>", "<a>", "<a@>", "<@b>", "<a@b", "a@b>", "<a@b@c>",
                           "<a b@c>", "<a@b> x", "<a@\"\">", "<a@\"b\">", "<a@b> <c@d>", "<a..b@c>",
                           "<a@b>(", "<a@b\r\n>", "<\xE4@b>", "<<a@b>>"}) {
    EXPECT_FALSE(parse_message_id(text)) << text;
  }
}

TEST(MessageIdField, ListsTakeWhatIsOne) {
  using Ids = std::vector<std::string>;
  EXPECT_EQ(parse_message_ids("<a@b> <c@d>\r\n <e@f>"), (Ids{"a@b", "c@d", "e@f"}));
  EXPECT_EQ(parse_message_ids("Your message of Monday <a@b>,<c@d> <broken> <<e@f> <g"),
            (Ids{"a@b", "c@d", "e@f"}));
  EXPECT_EQ(parse_message_ids(""), Ids());
  EXPECT_EQ(parse_message_ids(std::string(100'000, '<')), Ids());
}

TEST(MessageIdField, LongThreadsKeepTheirRootAndTheirEnd) {
  std::string references;
  for (std::size_t i = 0; i < max_message_ids + 50; ++i) {
    references += "<" + std::to_string(i) + "@x> ";
  }
  const auto ids = parse_message_ids(references);
  ASSERT_EQ(ids.size(), max_message_ids);
  EXPECT_EQ(ids.front(), "0@x");
  EXPECT_EQ(ids[1], "51@x");
  EXPECT_EQ(ids.back(), std::to_string(max_message_ids + 49) + "@x");
}

}  // namespace
}  // namespace postrider::mime
