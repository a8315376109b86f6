#include <gtest/gtest.h>
#include <string>

#include <postrider/codec/imap/capability.hpp>
#include <postrider/codec/imap/fetch_response.hpp>
#include <postrider/codec/imap/response.hpp>
#include <postrider/codec/imap/response_code.hpp>
#include <postrider/codec/imap/search_response.hpp>
#include <postrider/codec/imap/status.hpp>

namespace postrider::imap {
namespace {

constexpr auto rev1 = NameForm::modified_utf7;
constexpr auto rev2 = NameForm::utf8;

std::string encoded(auto encode, const auto&... arguments) {
  std::string out;
  encode(arguments..., out);
  return out;
}

TEST(ImapResponse, Strings) {  // RFC 9051 4.3
  const struct {
    std::string text;
    std::string wire;
  } rows[] = {
      {"", "\"\""},
      {"a b", "\"a b\""},
      {"a\"\\", "\"a\\\"\\\\\""},
      {"a\r\nb", "{4}\r\na\r\nb"},
      {"\xC3\xBC", "{2}\r\n\xC3\xBC"},
      {std::string(1025, 'x'), "{1025}\r\n" + std::string(1025, 'x')},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(encoded(encode_string, row.text), row.wire);
  }
  EXPECT_EQ(encoded(encode_nstring, std::optional<std::string_view>()), "NIL");
  std::string out;
  encode_literal(std::string("\0", 1), out, true);
  EXPECT_EQ(out, std::string("~{1}\r\n\0", 7));
}

TEST(ImapResponse, StatusLines) {  // RFC 9051 7.1
  EXPECT_EQ(encoded(encode_status, "a1", Status{Status::Kind::no, "TRYCREATE", "No such\r\nbox"}),
            "a1 NO [TRYCREATE] No such  box\r\n");
  EXPECT_EQ(encoded(encode_status, "*", Status{}), "* OK Done\r\n");
  EXPECT_EQ(encoded(encode_status, "a", Status{Status::Kind::bad, "", "[x]"}), "a BAD  [x]\r\n");
  EXPECT_EQ(encoded(encode_bye, "", "x"), "* BYE x\r\n");
  EXPECT_EQ(encoded(encode_continuation, ""), "+ \r\n");
}

TEST(ImapResponse, MailboxNames) {
  EXPECT_EQ(encoded(encode_mailbox, "INBOX", rev1), "INBOX");
  EXPECT_EQ(encoded(encode_mailbox, "a b", rev1), "\"a b\"");
  EXPECT_EQ(encoded(encode_mailbox, "a&b", rev1), "a&-b");
  EXPECT_EQ(encoded(encode_mailbox, "\xC3\xBC", rev1), "&APw-");
  EXPECT_EQ(encoded(encode_mailbox, "\xC3\xBC", rev2), "\"\xC3\xBC\"");
  EXPECT_EQ(encoded(encode_mailbox, "a&b", rev2), "a&b");
  EXPECT_EQ(encoded(encode_mailbox, "nil", rev1), "\"nil\"");
  EXPECT_EQ(encoded(encode_mailbox, "", rev1), "\"\"");
  EXPECT_EQ(encoded(encode_mailbox, "100%", rev1), "\"100%\"");
}

TEST(ImapResponse, Mailboxes) {  // RFC 9051 7.3
  EXPECT_EQ(encoded(encode_numbered, 23, "EXISTS"), "* 23 EXISTS\r\n");
  const Flags flags{SystemFlag::seen | SystemFlag::answered, {"$Junk"}};
  EXPECT_EQ(encoded(encode_flags_response, flags), "* FLAGS (\\Answered \\Seen $Junk)\r\n");
  EXPECT_EQ(encoded(encode_permanent_flags, Flags{}, true),
            "* OK [PERMANENTFLAGS (\\*)] Flags that stay\r\n");
  EXPECT_EQ(encoded(encode_permanent_flags, flags, false),
            "* OK [PERMANENTFLAGS (\\Answered \\Seen $Junk)] Flags that stay\r\n");
  EXPECT_EQ(encoded(encode_list, ListedMailbox{.name = "INBOX"}, ListForm::list, rev1),
            "* LIST () \"/\" INBOX\r\n");
  EXPECT_EQ(encoded(encode_list,
                    ListedMailbox{.name = "a",
                                  .nonexistent = true,
                                  .subscribed = true,
                                  .has_children = true,
                                  .special_use = SpecialUse::sent,
                                  .child_info = {"SUBSCRIBED"},
                                  .old_name = "b c"},
                    ListForm::list, rev1),
            "* LIST (\\NonExistent \\Subscribed \\HasChildren \\Sent) \"/\" a (\"CHILDINFO\" "
            "(\"SUBSCRIBED\")) (\"OLDNAME\" (\"b c\"))\r\n");
  EXPECT_EQ(encoded(encode_list, ListedMailbox{.name = "", .noselect = true, .has_children = false},
                    ListForm::lsub, rev1),
            "* LSUB (\\Noselect \\HasNoChildren) \"/\" \"\"\r\n");
  const StatusValue values[] = {{StatusItem::messages, 231},
                                {StatusItem::mailbox_id, 0, "M1"},
                                {StatusItem::deleted_storage, 8}};
  std::string out;
  encode_status_response("blurdybloop", rev1, values, out);
  EXPECT_EQ(out, "* STATUS blurdybloop (MESSAGES 231 MAILBOXID (M1) DELETED-STORAGE 8)\r\n");
  EXPECT_EQ(encoded(encode_namespaces, Namespaces{{""}, {}, {"Shared/", "x/"}}, rev1),
            "* NAMESPACE ((\"\" \"/\")) NIL ((\"Shared/\" \"/\")(\"x/\" \"/\"))\r\n");
}

TEST(ImapResponse, AccountsAndRights) {  // RFC 9208 5, RFC 4314 3.6, RFC 5464 4.4.1
  std::string out;
  const QuotaResource resources[] = {{"STORAGE", 10, 512}, {"MESSAGE", 1, 2}};
  encode_quota("", resources, out);
  const std::string roots[] = {""};
  encode_quota_root("INBOX", rev1, roots, out);
  EXPECT_EQ(out, "* QUOTA \"\" (STORAGE 10 512 MESSAGE 1 2)\r\n* QUOTAROOT INBOX \"\"\r\n");
  out.clear();
  const std::pair<std::string, std::string> rights[] = {{"Fred", "rwipslxetad"}, {"-a b", ""}};
  encode_acl("INBOX", rev1, rights, out);
  const std::string optional[] = {"l", "ra"};
  encode_list_rights("a", rev1, "smith", "", optional, out);
  encode_my_rights("a", rev1, "rwi", out);
  EXPECT_EQ(out,
            "* ACL INBOX Fred rwipslxetad \"-a b\" \"\"\r\n* LISTRIGHTS a smith \"\" l ra\r\n"
            "* MYRIGHTS a rwi\r\n");
  out.clear();
  const std::pair<std::string, std::optional<std::string>> entries[] = {
      {"/shared/a", "x"}, {"/shared/b", std::nullopt}, {"/shared/c", std::string("\0", 1)}};
  encode_metadata("", rev1, entries, out);
  const std::string names[] = {"/shared/a", "/private/b"};
  encode_metadata_changes("INBOX", rev1, names, out);
  EXPECT_EQ(out, "* METADATA \"\" (/shared/a \"x\" /shared/b NIL /shared/c ~{1}\r\n" +
                     std::string("\0", 1) + ")\r\n* METADATA INBOX /shared/a /private/b\r\n");
}

TEST(ImapResponse, Fetch) {  // RFC 9051 7.5.2
  std::string out;
  FetchWriter fetch(12, out);
  fetch.uid(7);
  fetch.flags({SystemFlag::seen, {}});
  fetch.internal_date({WallTime(std::chrono::seconds(837571465)), -420});
  fetch.save_date(std::nullopt);
  fetch.size(44827);
  fetch.modseq(65402);
  fetch.email_id("M1");
  fetch.thread_id(std::nullopt);
  fetch.preview("a \"b\"");
  fetch.envelope("(E)");
  fetch.body("(B)");
  fetch.body_structure("(S)");
  fetch.binary_size({.kind = FetchKind::binary_size, .section = {{1}}}, 9);
  fetch.no_octets({.kind = FetchKind::section, .section = {{9}}});
  fetch.octets({.kind = FetchKind::section,
                .peek = true,
                .section = {{1, 2}, Section::Text::header_fields, {"To", "a b"}},
                .partial = Partial{5, 100}},
               "x\r\n");
  fetch.octets({.kind = FetchKind::binary, .section = {{1}}}, std::string_view("\0", 1));
  fetch.octets({.kind = FetchKind::rfc822_text}, "");
  fetch.end();
  EXPECT_EQ(
      out,
      "* 12 FETCH (UID 7 FLAGS (\\Seen) INTERNALDATE \"16-Jul-1996 19:44:25 -0700\" SAVEDATE "
      "NIL RFC822.SIZE 44827 MODSEQ (65402) EMAILID (M1) THREADID NIL PREVIEW \"a \\\"b\\\"\" "
      "ENVELOPE (E) BODY (B) BODYSTRUCTURE (S) BINARY.SIZE[1] 9 BODY[9] NIL "
      "BODY[1.2.HEADER.FIELDS (To \"a b\")]<5> {3}\r\nx\r\n BINARY[1] ~{1}\r\n" +
          std::string("\0", 1) + " RFC822.TEXT {0}\r\n)\r\n");
}

TEST(ImapResponse, Search) {  // RFC 9051 7.3.4, RFC 4731 3.1
  const std::uint32_t numbers[] = {2, 3, 4, 882};
  std::string out;
  encode_search(numbers, std::nullopt, out);
  encode_search({}, std::nullopt, out);
  encode_search(numbers, 917162500, out);
  const std::uint32_t sorted[] = {4, 2, 3};
  encode_sort(sorted, std::nullopt, out);
  EXPECT_EQ(out,
            "* SEARCH 2 3 4 882\r\n* SEARCH\r\n* SEARCH 2 3 4 882 (MODSEQ 917162500)\r\n"
            "* SORT 4 2 3\r\n");
  out.clear();
  EsearchResult nothing{.tag = "A\"1", .count = 0};
  nothing.all.emplace();
  encode_esearch(nothing, rev1, out);
  EsearchResult all{.tag = "A2", .uid = true, .min = 2, .max = 882, .count = 4};
  all.all = runs_of(numbers);
  all.modseq = 5;
  encode_esearch(all, rev1, out);
  EsearchResult page{.tag = "A3", .uid = true, .mailbox = "a b", .uid_validity = 9};
  page.partial = PartialRange{1, 100, true};
  encode_esearch(page, rev1, out);
  page.partial_numbers = runs_of(sorted);
  page.partial = PartialRange{1, 5, false};
  encode_esearch(page, rev1, out);
  EXPECT_EQ(out,
            "* ESEARCH (TAG \"A\\\"1\") COUNT 0\r\n"
            "* ESEARCH (TAG \"A2\") UID MIN 2 MAX 882 COUNT 4 ALL 2:4,882 MODSEQ 5\r\n"
            "* ESEARCH (TAG \"A3\" MAILBOX \"a b\" UIDVALIDITY 9) UID PARTIAL (-1:-100 NIL)\r\n"
            "* ESEARCH (TAG \"A3\" MAILBOX \"a b\" UIDVALIDITY 9) UID PARTIAL (1:5 4,2:3)\r\n");
  out.clear();
  const NumberRun gone[] = {{41, 41}, {43, 116}};
  encode_vanished(gone, true, out);
  encode_vanished(gone, false, out);
  encode_vanished({}, false, out);
  const NumberRun batches[] = {{215295, 99695}, {99694, 1}};
  encode_uid_batches("A143", batches, out);
  encode_uid_batches("A144", {}, out);
  EXPECT_EQ(out,
            "* VANISHED (EARLIER) 41,43:116\r\n* VANISHED 41,43:116\r\n"
            "* UIDBATCHES (TAG \"A143\") 215295:99695,99694:1\r\n* UIDBATCHES (TAG \"A144\")\r\n");
}

TEST(ImapResponse, CodesWithValues) {  // RFC 4315 3, RFC 7162 3.1.3, RFC 9585 4, RFC 9738 3.1
  const std::uint32_t from[] = {304, 319, 320};
  const std::uint32_t to[] = {3956, 3957, 3958};
  EXPECT_EQ(number_code("UIDNEXT", 4392), "UIDNEXT 4392");
  EXPECT_EQ(append_uid_code(38505, to), "APPENDUID 38505 3956:3958");
  EXPECT_EQ(copy_uid_code(38505, from, to), "COPYUID 38505 304,319:320 3956:3958");
  EXPECT_EQ(modified_code(from), "MODIFIED 304,319:320");
  EXPECT_EQ(in_progress_code("A 1", 454, 1000), "INPROGRESS (\"A 1\" 454 1000)");
  EXPECT_EQ(in_progress_code("A1", 0, std::nullopt), "INPROGRESS (\"A1\" 0 NIL)");
  EXPECT_EQ(message_limit_code(1000, 23221), "MESSAGELIMIT 1000 23221");
  EXPECT_EQ(message_limit_code(1000, std::nullopt), "MESSAGELIMIT 1000");
  EXPECT_EQ(mailbox_id_code("M1"), "MAILBOXID (M1)");
}

TEST(ImapCapability, WordsAndNames) {  // RFC 7888 6
  CapabilitySet set{Capability::imap4rev2, Capability::literal_minus, Capability::message_limit,
                    Capability::append_limit};
  CapabilityContext context{.logged_in = true, .append_limit = 5, .message_limit = 1000};
  EXPECT_EQ(encode_capabilities(set, context),
            "IMAP4rev2 LITERAL- APPENDLIMIT=5 MESSAGELIMIT=1000");
  context = {.starttls = true, .login_disabled = true, .mechanisms = " AUTH=PLAIN"};
  set.add(Capability::literal_plus);
  EXPECT_EQ(encode_capabilities(set, context),
            "IMAP4rev2 LITERAL+ STARTTLS LOGINDISABLED AUTH=PLAIN");
  EXPECT_EQ(parse_capability("compress=deflate"), Capability::compress);
  EXPECT_EQ(parse_capability("THREAD"), Capability::thread);
  EXPECT_EQ(parse_capability("THREAD=REFERENCES"), Capability::thread);
  EXPECT_EQ(parse_capability("QUOTA"), Capability::quota);
  EXPECT_EQ(parse_capability(""), std::nullopt);
  EXPECT_EQ(parse_capability("UIDONLY"), std::nullopt);
  for (std::size_t i = 0; i < capability_count; ++i) {
    const auto one = static_cast<Capability>(i);
    EXPECT_EQ(parse_capability(name_of(one)), one);
    EXPECT_TRUE(CapabilitySet::all().has(one));
    EXPECT_FALSE(CapabilitySet::all().without({one}).has(one));
  }
}

}  // namespace
}  // namespace postrider::imap
