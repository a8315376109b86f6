#include <gtest/gtest.h>
#include <string>
#include <vector>

#include <postrider/codec/imap/command_parser.hpp>
#include <postrider/codec/imap/limits.hpp>

namespace postrider::imap {
namespace {

template <class T>
T arguments_of(std::string_view text, NameForm form = NameForm::modified_utf7) {
  auto command = parse_command(text, form);
  EXPECT_TRUE(command.has_value()) << text << ": " << (command ? "" : command.error().text);
  if (!command || !std::holds_alternative<T>(command->arguments)) {
    ADD_FAILURE() << text << ": other arguments";
    return {};
  }
  return std::get<T>(std::move(command->arguments));
}

std::string error_of(std::string_view text, NameForm form = NameForm::modified_utf7) {
  const auto command = parse_command(text, form);
  return command ? "" : command.error().text;
}

SequenceSet set_of(std::string_view text) {
  return parse_sequence_set(text).value();
}

TEST(ImapCommandParser, ReadsTheHead) {  // RFC 9051 9
  const auto head = parse_command_head("a.1] uid fetch 1 flags");
  EXPECT_EQ(head.tag, "a.1]");
  EXPECT_EQ(head.name, "fetch");
  EXPECT_TRUE(head.uid);
  EXPECT_EQ(head.rest, " 1 flags");
  EXPECT_EQ(parse_command_head("").tag, "");
  EXPECT_EQ(parse_command_head("+ x").tag, "");
  EXPECT_EQ(parse_command_head("a(b NOOP").tag, "");
  EXPECT_EQ(parse_command_head("a\xFF NOOP").tag, "");
  EXPECT_EQ(parse_command_head(" NOOP").tag, "");
  EXPECT_EQ(parse_command_head("a").tag, "a");
  EXPECT_EQ(parse_command_head("a").name, "");
  EXPECT_EQ(parse_command_head(std::string(tag_octets_max + 1, 'a') + " NOOP").tag, "");
}

TEST(ImapCommandParser, VerbsHaveTheirForms) {
  EXPECT_EQ(parse_verb("fEtCh", false), Verb::fetch);
  EXPECT_EQ(parse_verb("FETCH", true), Verb::fetch);
  EXPECT_EQ(parse_verb("NOOP", true), std::nullopt);
  EXPECT_EQ(parse_verb("UID", false), std::nullopt);
  EXPECT_EQ(parse_verb("XYZZY", false), std::nullopt);
  EXPECT_EQ(name_of(Verb::remove), "DELETE");
  EXPECT_EQ(name_of(Verb::uid_batches), "UIDBATCHES");
}

TEST(ImapCommandParser, CommandsWithoutArgumentsTakeNone) {
  for (const std::string_view name :
       {"CAPABILITY", "NOOP", "LOGOUT", "STARTTLS", "NAMESPACE", "IDLE", "CLOSE", "UNSELECT",
        "CHECK", "EXPUNGE", "UNAUTHENTICATE"}) {
    EXPECT_EQ(error_of("A " + std::string(name)), "") << name;
    EXPECT_EQ(error_of("A " + std::string(name) + "  "), "") << name;
    EXPECT_NE(error_of("A " + std::string(name) + " x"), "") << name;
  }
}

TEST(ImapCommandParser, LoginTakesStringsInEveryForm) {  // RFC 9051 6.2.3
  const LoginArguments smith{"SMITH", "SESAME"};
  EXPECT_EQ(arguments_of<LoginArguments>("a LOGIN SMITH SESAME"), smith);
  EXPECT_EQ(arguments_of<LoginArguments>("a login \"SMITH\" \"SESAME\""), smith);
  EXPECT_EQ(arguments_of<LoginArguments>("a login {5}\r\nSMITH {6+}\r\nSESAME"), smith);
  EXPECT_EQ(arguments_of<LoginArguments>("a login a] \"\\\"\\\\ (\""),
            (LoginArguments{"a]", "\"\\ ("}));
  EXPECT_EQ(arguments_of<LoginArguments>("a login {4}\r\n\r\n\"\\ \"\""),
            (LoginArguments{"\r\n\"\\", ""}));
  EXPECT_EQ(arguments_of<LoginArguments>("a login NIL \"J\xC3\xBCrgen\""),
            (LoginArguments{"NIL", "J\xC3\xBCrgen"}));
  for (const std::string_view text :
       {"a login", "a login x", "a login x ", "a login  x y", "a login x y z", "a login \"x y",
        "a login \"x\"y", "a login \"\\x\" y", "a login x\\ y", "a login x* y", "a login (x) y",
        "a login \"\xFF\" y", "a login {3}\r\nab", "a login {3}x y", "a login ~{1}\r\nx y",
        "a login {1}\r\nx{1}\r\ny", "a login {-1}\r\nx y",
        "a login {99999999999999999999}\r\nx y"}) {
    EXPECT_NE(error_of(text), "") << text;
  }
  EXPECT_EQ(error_of(std::string("a login {1}\r\n\0 y", 15)), "NUL in a literal (at octet 14)");
  EXPECT_EQ(error_of("a login x* y"), "expected a blank (at octet 10)");
}

TEST(ImapCommandParser, Authenticate) {  // RFC 9051 6.2.2, RFC 4959
  EXPECT_EQ(arguments_of<AuthenticateArguments>("a AUTHENTICATE plain"),
            (AuthenticateArguments{"PLAIN", std::nullopt}));
  EXPECT_EQ(arguments_of<AuthenticateArguments>("a AUTHENTICATE PLAIN AGEAYg=="),
            (AuthenticateArguments{"PLAIN", std::string("\0a\0b", 4)}));
  EXPECT_EQ(arguments_of<AuthenticateArguments>("a AUTHENTICATE EXTERNAL ="),
            (AuthenticateArguments{"EXTERNAL", ""}));
  EXPECT_NE(error_of("a AUTHENTICATE PLAIN AGEAYg="), "");
  EXPECT_NE(error_of("a AUTHENTICATE"), "");
}

TEST(ImapCommandParser, IdAndEnable) {  // RFC 2971, RFC 5161
  EXPECT_EQ(arguments_of<IdArguments>("a ID NIL"), IdArguments{});
  EXPECT_EQ(arguments_of<IdArguments>("a ID (\"Name\" \"x\" \"os\" NIL)"),
            (IdArguments{{{"name", "x"}, {"os", std::nullopt}}}));
  EXPECT_EQ(arguments_of<IdArguments>("a ID ()"), IdArguments{});
  EXPECT_NE(error_of("a ID (name \"x\")"), "");
  EXPECT_NE(error_of("a ID (\"name\")"), "");
  EXPECT_NE(error_of("a ID (\"" + std::string(31, 'n') + "\" NIL)"), "");
  std::string many = "a ID (\"a\" \"b\"";
  for (int i = 0; i < 30; ++i) {
    many += " \"a\" \"b\"";
  }
  EXPECT_NE(error_of(many + ")"), "");
  EXPECT_EQ(arguments_of<EnableArguments>("a ENABLE condstore X-GOOD").words,
            (std::vector<std::string>{"CONDSTORE", "X-GOOD"}));
  EXPECT_NE(error_of("a ENABLE"), "");
}

TEST(ImapCommandParser, MailboxNamesFollowTheForm) {  // RFC 3501 5.1.3, RFC 9051 5.1
  using M = MailboxArguments;
  EXPECT_EQ(arguments_of<M>("a DELETE inbox").mailbox, "INBOX");
  EXPECT_EQ(arguments_of<M>("a DELETE Entw&APw-rfe").mailbox, "Entw\xC3\xBCrfe");
  EXPECT_EQ(arguments_of<M>("a DELETE Entw&APw-rfe", NameForm::utf8).mailbox, "Entw&APw-rfe");
  EXPECT_EQ(arguments_of<M>("a DELETE \"Entw\xC3\xBCrfe\"", NameForm::utf8).mailbox,
            "Entw\xC3\xBCrfe");
  EXPECT_EQ(arguments_of<M>("a DELETE {3+}\r\na/b").mailbox, "a/b");
  for (const std::string_view text : {"a DELETE \"Entw\xC3\xBCrfe\"", "a DELETE &", "a DELETE \"\"",
                                      "a DELETE a//b", "a DELETE \"a\tb\""}) {
    const auto command = parse_command(text, NameForm::modified_utf7);
    ASSERT_FALSE(command.has_value()) << text;
    EXPECT_EQ(command.error().kind, ParseError::Kind::cannot) << text;
  }
  EXPECT_FALSE(parse_command("a DELETE {2+}\r\na\xFF", NameForm::utf8).has_value());
}

TEST(ImapCommandParser, Select) {  // RFC 9051 6.3.2, RFC 7162 3.1.8 and 3.2.5
  EXPECT_EQ(arguments_of<SelectArguments>("a SELECT Blurdy"), (SelectArguments{"Blurdy"}));
  EXPECT_EQ(arguments_of<SelectArguments>("a EXAMINE Blurdy (condstore)"),
            (SelectArguments{"Blurdy", true}));
  EXPECT_EQ(
      arguments_of<SelectArguments>(
          "a SELECT INBOX (QRESYNC (67890007 90060115194045000 41:211,214:541 (1:2 3:4)))"),
      (SelectArguments{"INBOX", false,
                       QresyncParameters{67890007, 90060115194045000, set_of("41:211,214:541"),
                                         set_of("1:2"), set_of("3:4")}}));
  EXPECT_EQ(arguments_of<SelectArguments>("a SELECT INBOX (QRESYNC (1 2 (1 5)) CONDSTORE)"),
            (SelectArguments{"INBOX", true,
                             QresyncParameters{1, 2, std::nullopt, set_of("1"), set_of("5")}}));
  for (const std::string_view text :
       {"a SELECT", "a SELECT x ()", "a SELECT x (FOO)", "a SELECT x (QRESYNC)",
        "a SELECT x (QRESYNC (0 1))", "a SELECT x (QRESYNC (1 0))", "a SELECT x (QRESYNC (1 1 *))",
        "a SELECT x (QRESYNC (1 1 $))", "a SELECT x (QRESYNC (1 1 (1)))", "a SELECT x y"}) {
    EXPECT_NE(error_of(text), "") << text;
  }
}

TEST(ImapCommandParser, CreateAndRename) {  // RFC 9051 6.3.4, RFC 6154 3
  EXPECT_EQ(arguments_of<CreateArguments>("a CREATE owatagusiam/"),
            (CreateArguments{"owatagusiam", {}}));
  EXPECT_EQ(arguments_of<CreateArguments>("a CREATE x (USE (\\drafts \\Sent \\Sent))"),
            (CreateArguments{"x", {SpecialUse::drafts, SpecialUse::sent}}));
  EXPECT_EQ(arguments_of<CreateArguments>("a CREATE x (USE ())"), (CreateArguments{"x", {}}));
  const auto unknown = parse_command("a CREATE x (USE (\\Foo))", NameForm::utf8);
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(unknown.error().kind, ParseError::Kind::use_attribute);
  EXPECT_NE(error_of("a CREATE x (USE (Sent))"), "");
  EXPECT_NE(error_of("a CREATE x (FOO (\\Sent))"), "");
  EXPECT_EQ(arguments_of<RenameArguments>("a RENAME blurdybloop \"sarasoop\""),
            (RenameArguments{"blurdybloop", "sarasoop"}));
}

TEST(ImapCommandParser, List) {  // RFC 9051 6.3.9
  ListArguments plain;
  plain.patterns = {"%"};
  EXPECT_EQ(arguments_of<ListArguments>("a LIST \"\" %"), plain);
  EXPECT_EQ(arguments_of<ListArguments>("a LSUB \"\" \"%\""), plain);
  plain.patterns = {""};
  EXPECT_EQ(arguments_of<ListArguments>("a LIST \"\" \"\""), plain);
  ListArguments full;
  full.extended = true;
  full.reference = "a/";
  full.patterns = {"INBOX", "Drafts", "\xC3\xBC*"};
  full.select_subscribed = full.select_recursive_match = true;
  full.return_children = full.return_special_use = full.return_subscribed = true;
  full.return_my_rights = true;
  full.return_status = {StatusItem::messages, StatusItem::size};
  EXPECT_EQ(arguments_of<ListArguments>(
                "a LIST (SUBSCRIBED RECURSIVEMATCH) a/ (INBOX \"Drafts\" &APw-*) RETURN (CHILDREN "
                "SPECIAL-USE SUBSCRIBED MYRIGHTS STATUS (MESSAGES SIZE))"),
            full);
  ListArguments empty = plain;
  empty.extended = true;
  empty.patterns = {"*"};
  EXPECT_EQ(arguments_of<ListArguments>("a LIST () \"\" * RETURN ()"), empty);
  for (const std::string_view text :
       {"a LIST", "a LIST \"\"", "a LIST \"\" ()", "a LIST (FOO) \"\" *",
        "a LIST (RECURSIVEMATCH) \"\" *", "a LIST (RECURSIVEMATCH REMOTE) \"\" *",
        "a LIST \"\" * RETURN (FOO)", "a LIST \"\" * RETURN (STATUS)",
        "a LIST \"\" * RETURN (STATUS ())", "a LIST \"\" * (CHILDREN)", "a LIST \"\" (a  b)"}) {
    EXPECT_NE(error_of(text), "") << text;
  }
  std::string many = "a LIST \"\" (*";
  for (std::size_t i = 0; i < list_patterns_max; ++i) {
    many += " *";
  }
  EXPECT_NE(error_of(many + ")"), "");
}

TEST(ImapCommandParser, Status) {  // RFC 9051 6.3.11
  EXPECT_EQ(arguments_of<StatusArguments>("a STATUS x (UIDNEXT messages UIDNEXT HIGHESTMODSEQ)"),
            (StatusArguments{
                "x", {StatusItem::uid_next, StatusItem::messages, StatusItem::highest_modseq}}));
  EXPECT_NE(error_of("a STATUS x ()"), "");
  EXPECT_NE(error_of("a STATUS x (FOO)"), "");
  EXPECT_NE(error_of("a STATUS x MESSAGES"), "");
}

TEST(ImapCommandParser, StoreAndCopy) {  // RFC 9051 6.4.6 and 6.4.7, RFC 7162 3.1.3
  EXPECT_EQ(arguments_of<StoreArguments>("a STORE 2:4 +FLAGS (\\Deleted $Forwarded)"),
            (StoreArguments{.set = set_of("2:4"),
                            .change = StoreArguments::Change::add,
                            .flags = {SystemFlag::deleted, {"$Forwarded"}}}));
  EXPECT_EQ(arguments_of<StoreArguments>(
                "a UID STORE * (UNCHANGEDSINCE 0) -flags.silent \\seen a A b \\Recent"),
            (StoreArguments{.uid = true,
                            .set = set_of("*"),
                            .unchanged_since = 0,
                            .change = StoreArguments::Change::remove,
                            .silent = true,
                            .flags = {SystemFlag::seen, {"a", "b"}}}));
  EXPECT_EQ(arguments_of<StoreArguments>("a STORE $ FLAGS ()"),
            (StoreArguments{.set = set_of("$")}));
  for (const std::string_view text :
       {"a STORE 1 FLAGS", "a STORE 1 FLAGS (\\Foo)", "a STORE 1 FLAGS (\\Seen",
        "a STORE 1 FLAG ()", "a STORE 0 FLAGS ()", "a STORE 1 (FOO 1) FLAGS ()",
        "a STORE 1 *FLAGS ()", "a STORE 1 FLAGS (\\Seen )", "a STORE 1 FLAGS ([x])"}) {
    EXPECT_NE(error_of(text), "") << text;
  }
  EXPECT_EQ(arguments_of<CopyArguments>("a UID MOVE 42:69 foo"),
            (CopyArguments{true, set_of("42:69"), "foo"}));
  EXPECT_EQ(arguments_of<ExpungeArguments>("a UID EXPUNGE 3000:3002").uids, set_of("3000:3002"));
  EXPECT_NE(error_of("a UID EXPUNGE"), "");
  EXPECT_NE(error_of("a EXPUNGE 1"), "");
}

TEST(ImapCommandParser, QuotaAndAcl) {  // RFC 9208 4.1, RFC 4314 3
  EXPECT_EQ(arguments_of<QuotaArguments>("a GETQUOTA \"\""), (QuotaArguments{"", {}}));
  EXPECT_EQ(arguments_of<QuotaArguments>("a SETQUOTA r (storage 512 MESSAGE 5)"),
            (QuotaArguments{"r", {{"STORAGE", 512}, {"MESSAGE", 5}}}));
  EXPECT_EQ(arguments_of<QuotaArguments>("a SETQUOTA r ()"), (QuotaArguments{"r", {}}));
  EXPECT_NE(error_of("a SETQUOTA r (STORAGE)"), "");
  EXPECT_EQ(arguments_of<AclArguments>("a SETACL x -fred +lrc"),
            (AclArguments{"x", "-fred", AclArguments::Change::add, "lrkx"}));
  EXPECT_EQ(arguments_of<AclArguments>("a SETACL x fred \"\""),
            (AclArguments{"x", "fred", AclArguments::Change::replace, ""}));
  EXPECT_EQ(arguments_of<AclArguments>("a SETACL x fred -ddt").rights, "te");
  EXPECT_NE(error_of("a SETACL x fred L"), "");
  EXPECT_NE(error_of("a SETACL x fred n"), "");
  EXPECT_EQ(arguments_of<AclArguments>("a LISTRIGHTS x fred"), (AclArguments{"x", "fred"}));
  EXPECT_EQ(arguments_of<AclArguments>("a MYRIGHTS x"), (AclArguments{"x"}));
}

TEST(ImapCommandParser, Metadata) {  // RFC 5464 4.2 and 4.3
  using Get = GetMetadataArguments;
  EXPECT_EQ(arguments_of<Get>("a GETMETADATA \"\" /shared/comment"),
            (Get{"", std::nullopt, 0, {"/shared/comment"}}));
  EXPECT_EQ(arguments_of<Get>("a GETMETADATA INBOX (DEPTH 1) (/private/A /shared/b)"),
            (Get{"INBOX", std::nullopt, 1, {"/private/a", "/shared/b"}}));
  EXPECT_EQ(arguments_of<Get>("a GETMETADATA (DEPTH 1) INBOX (/PRIVATE /shared)"),
            (Get{"INBOX", std::nullopt, 1, {"/private", "/shared"}}));
  EXPECT_EQ(arguments_of<Get>("a GETMETADATA (MAXSIZE 1024 DEPTH infinity) INBOX /private/a"),
            (Get{"INBOX", 1024, Get::infinity, {"/private/a"}}));
  EXPECT_EQ(arguments_of<SetMetadataArguments>(
                "a SETMETADATA INBOX (/private/a {2+}\r\nxy /private/b NIL /shared/c \"\")"),
            (SetMetadataArguments{
                "INBOX", {{"/private/a", "xy"}, {"/private/b", std::nullopt}, {"/shared/c", ""}}}));
  for (const std::string_view text :
       {"a GETMETADATA \"\" comment", "a GETMETADATA \"\" /shared/",
        "a GETMETADATA \"\" /shared//x", "a GETMETADATA \"\" /other/x",
        "a GETMETADATA (DEPTH 2) \"\" /shared/x", "a GETMETADATA \"\" \"/shared/*\"",
        "a SETMETADATA \"\" /shared/x \"y\"", "a SETMETADATA \"\" (/shared/x y)"}) {
    EXPECT_NE(error_of(text), "") << text;
  }
}

TEST(ImapCommandParser, Notify) {  // RFC 5465 3, 5 and 6
  const auto set = arguments_of<NotifyArguments>(
      "a NOTIFY SET STATUS (selected (MessageNew (uid) MessageExpunge)) (subtree Lists (MessageNew "
      "MessageExpunge FlagChange)) (mailboxes (a b) NONE) (personal (MailboxName))");
  EXPECT_EQ(arguments_of<NotifyArguments>("a NOTIFY NONE"), NotifyArguments{});
  ASSERT_EQ(set.groups.size(), 4U);
  EXPECT_TRUE(set.status);
  EXPECT_EQ(set.groups[0].filter.kind, MailboxFilter::Kind::selected);
  EXPECT_EQ(set.groups[0].events.new_items, std::vector<FetchItem>{{.kind = FetchKind::uid}});
  EXPECT_EQ(set.groups[1].filter.mailboxes, std::vector<std::string>{"Lists"});
  EXPECT_TRUE(set.groups[1].events.flag_change);
  EXPECT_EQ(set.groups[2].filter.mailboxes, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(set.groups[2].events, NotifyEvents{});
  EXPECT_TRUE(set.groups[3].events.mailbox_name);
  for (const std::string_view text :
       {"a NOTIFY", "a NOTIFY SET", "a NOTIFY SET (selected MessageNew)",
        "a NOTIFY SET (selected (MessageNew))", "a NOTIFY SET (inboxes (FlagChange))",
        "a NOTIFY SET (inboxes (MessageNew (UID) MessageExpunge))",
        "a NOTIFY SET (selected (MailboxName))", "a NOTIFY SET (inboxes ())",
        "a NOTIFY SET (selected NONE) (selected-delayed NONE)", "a NOTIFY SET (subtree-one x NONE)",
        "a NOTIFY SET (mailboxes () NONE)"}) {
    EXPECT_NE(error_of(text), "") << text;
  }
  for (const std::string_view text :
       {"a NOTIFY SET (inboxes (Foo))", "a NOTIFY SET (selected (AnnotationChange))"}) {
    const auto unknown = parse_command(text, NameForm::utf8);
    ASSERT_FALSE(unknown.has_value()) << text;
    EXPECT_EQ(unknown.error().kind, ParseError::Kind::bad_event) << text;
  }
}

TEST(ImapCommandParser, TheRest) {  // RFC 4978, RFC 10022 3.1
  EXPECT_EQ(error_of("a COMPRESS deflate"), "");
  EXPECT_NE(error_of("a COMPRESS GZIP"), "");
  EXPECT_EQ(arguments_of<UidBatchesArguments>("a UIDBATCHES 2000"), (UidBatchesArguments{2000}));
  EXPECT_EQ(arguments_of<UidBatchesArguments>("a UIDBATCHES 2000 10:20"),
            (UidBatchesArguments{2000, 10, 20}));
  EXPECT_EQ(arguments_of<UidBatchesArguments>("a UIDBATCHES 2000 7:7"),
            (UidBatchesArguments{2000, 7, 7}));
  for (const char* wrong : {"0", "2000 20:10", "2000 10", "2000 0:1", "2000 1:*", "x", "2000 "}) {
    EXPECT_NE(error_of(std::string("a UIDBATCHES ") + wrong), "") << wrong;
  }
  EXPECT_EQ(parse_command("a XYZZY", NameForm::utf8).error().kind,
            ParseError::Kind::unknown_command);
  EXPECT_EQ(parse_command("a UID NOOP", NameForm::utf8).error().kind,
            ParseError::Kind::unknown_command);
  EXPECT_EQ(error_of(""), "a command begins with a tag");
}

}  // namespace
}  // namespace postrider::imap
