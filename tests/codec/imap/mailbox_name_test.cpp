#include <gtest/gtest.h>
#include <optional>
#include <string>

#include <postrider/base/random.hpp>
#include <postrider/base/utf8.hpp>
#include <postrider/codec/imap/limits.hpp>
#include <postrider/codec/imap/mailbox_name.hpp>

namespace postrider::imap {
namespace {

TEST(ImapMailboxName, ModifiedUtf7ThereAndBack) {  // RFC 3501 5.1.3
  const struct {
    std::string_view utf8;
    std::string_view wire;
  } rows[] = {
      {"", ""},
      {"INBOX", "INBOX"},
      {"a&b", "a&-b"},
      {"&&", "&-&-"},
      {"~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"},
      {"Entwürfe", "Entw&APw-rfe"},
      {"☺!", "&Jjo-!"},
      {"\U0001F600", "&2D3eAA-"},
      {"\xEF\xBF\xBD", "&,,0-"},
      {"\x01", "&AAE-"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(encode_modified_utf7(row.utf8), row.wire);
    EXPECT_EQ(decode_modified_utf7(row.wire), row.utf8);
  }
}

TEST(ImapMailboxName, RefusesASecondSpelling) {  // RFC 3501 5.1.3
  for (const std::string_view wire :
       {"&",        "a&",       "&AAE", "&U,BTFw", "&AGE-",   "&ACY-",  "&U,BTFw-&ZeVnLIqe-",
        "&Jjo!",    "&Jjp-",    "&Jj-", "&J-",     "&2D0-",   "&3gA-",  "&2D3eAABh-",
        "&2D3YPQ-", "\xC3\xBC", "a\tb", "&AAA/-",  "&AAAAA-", "&Jjo=-", "\x7F"}) {
    EXPECT_EQ(decode_modified_utf7(wire), std::nullopt) << wire;
  }
}

TEST(ImapMailboxName, AnyTextComesBack) {
  SeededRandom random(5);
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (std::uint64_t i = random.below(8); i > 0; --i) {
      const char32_t bounds[] = {0x80, 0x800, 0xD800, 0x110000};
      auto c = static_cast<char32_t>(random.below(bounds[random.below(4)]));
      c = c >= 0xD800 && c < 0xE000 ? U'&' : c;
      append_utf8(text, c);
    }
    EXPECT_EQ(decode_modified_utf7(encode_modified_utf7(text)), text);
  }
}

TEST(ImapMailboxName, HasOneCanonicalForm) {  // RFC 9051 5.1
  const struct {
    std::string_view utf8;
    std::optional<std::string_view> name;
  } rows[] = {
      {"inbox", "INBOX"},
      {"iNbOx/sub", "INBOX/sub"},
      {"inboxes", "inboxes"},
      {"a/inbox", "a/inbox"},
      {"a/b/", "a/b"},
      {"A\xCC\x88", "\xC3\x84"},  // NFC
      {"", std::nullopt},
      {"/", std::nullopt},
      {"/a", std::nullopt},
      {"a//b", std::nullopt},
      {"a//", std::nullopt},
      {"a\nb", std::nullopt},
      {"a\x7F", std::nullopt},
      {"a\xC2\x85", std::nullopt},
      {"a\xE2\x80\xA8", std::nullopt},
      {"\xFF", std::nullopt},
      {"\xED\xA0\x80", std::nullopt},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(canonical_mailbox_name(row.utf8), row.name) << row.utf8;
  }
  EXPECT_TRUE(canonical_mailbox_name(std::string(mailbox_name_octets_max, 'x')));
  EXPECT_FALSE(canonical_mailbox_name(std::string(mailbox_name_octets_max + 1, 'x')));
}

}  // namespace
}  // namespace postrider::imap
