// SEARCH: every key, and every way to be told what was found.
#include "imap_world.hpp"

#include <fmt/core.h>
#include <utility>
#include <vector>

namespace postrider::imap {
namespace {

class ImapSearch : public ImapWorld {
 public:
  ImapSearch() {
    deliver(
        "From: Bob <bob@example.org>\r\nTo: ada@example.org\r\nSubject: "
        "=?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n"
        "Date: Thu, 01 Jan 2026 23:30:00 -0800\r\nX-Rare: needle\r\n\r\nplain words here\r\n",
        {store::SystemFlag::seen, {"$Work"}});
    pass(std::chrono::hours(48));
    deliver(
        "From: carol@example.org\r\nCc: bob@example.org\r\nSubject: two\r\n"
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        "w5xiZXIgYWxsZW4gR2lwZmVsbg==\r\n--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\nstra=DFe soft=\r\nwrap\r\n--b--\r\n",
        {store::SystemFlag::flagged, {}});
    pass(std::chrono::hours(48));
    deliver("Subject: three\r\n\r\n" + std::string(5000, 'x') + "\r\n",
            {store::SystemFlag::deleted, {}});
    client_ = std::make_unique<ImapClient>(*this);
    client_->open();
  }
  std::string search(const std::string& keys) {
    std::string heard = client_->say("SEARCH " + keys);
    return heard.substr(0, heard.find('\n'));
  }

 protected:
  std::unique_ptr<ImapClient> client_;
};

TEST_F(ImapSearch, EveryKey) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"ALL", "* SEARCH 1 2 3"},
      {"2:3", "* SEARCH 2 3"},
      {"UID 3:*", "* SEARCH 3"},
      {"NOT 2", "* SEARCH 1 3"},
      {"OR 1 3", "* SEARCH 1 3"},
      {"(OR 1 2) NOT (1 ALL)", "* SEARCH 2"},
      {"SEEN", "* SEARCH 1"},
      {"UNSEEN", "* SEARCH 2 3"},
      {"FLAGGED", "* SEARCH 2"},
      {"UNFLAGGED", "* SEARCH 1 3"},
      {"DELETED", "* SEARCH 3"},
      {"UNDELETED", "* SEARCH 1 2"},
      {"ANSWERED", "* SEARCH"},
      {"DRAFT", "* SEARCH"},
      {"RECENT", "* SEARCH 1 2 3"},
      {"NEW", "* SEARCH 2 3"},
      {"OLD", "* SEARCH"},
      {"3:9", "* SEARCH 3"},
      {"9", "* SEARCH"},
      {"9:*", "* SEARCH 3"},
      {"KEYWORD $work", "* SEARCH 1"},
      {"UNKEYWORD $work", "* SEARCH 2 3"},
      {"BEFORE 2-Jan-2026", "* SEARCH 1"},
      {"ON 3-Jan-2026", "* SEARCH 2"},
      {"SINCE 3-Jan-2026", "* SEARCH 2 3"},
      {"SENTON 1-Jan-2026", "* SEARCH 1"},
      {"SENTBEFORE 1-Jan-2026", "* SEARCH"},
      {"SENTSINCE 1-Jan-2026", "* SEARCH 1"},
      {"SAVEDSINCE 3-Jan-2026", "* SEARCH 2 3"},
      {"SAVEDATESUPPORTED", "* SEARCH 1 2 3"},
      {"LARGER 4000", "* SEARCH 3"},
      {"SMALLER 4000", "* SEARCH 1 2"},
      {"YOUNGER 90000", "* SEARCH 3"},
      {"OLDER 90000", "* SEARCH 1 2"},
      {"FROM bob", "* SEARCH 1"},
      {"CC BOB", "* SEARCH 2"},
      {"TO ada", "* SEARCH 1"},
      {"BCC x", "* SEARCH"},
      {"HEADER X-Rare NEED", "* SEARCH 1"},
      {"HEADER X-Rare \"\"", "* SEARCH 1"},
      {"HEADER Return-Path bob", "* SEARCH 1 2 3"},
      {"SUBJECT three", "* SEARCH 3"},
      {"CHARSET UTF-8 SUBJECT {6+}\r\ngr\xC3\xBC\xC3\x9F", "* SEARCH 1"},
      {"BODY words", "* SEARCH 1"},
      {"BODY gipfeln", "* SEARCH 2"},
      {"CHARSET UTF-8 BODY {9+}\r\n\xC3\xBC"
       "ber all",
       "* SEARCH 2"},
      {"CHARSET UTF-8 BODY {8+}\r\nstra\xC3\x9F"
       "e ",
       "* SEARCH 2"},
      {"BODY softwrap", "* SEARCH 2"},
      {"BODY w5xiZXI", "* SEARCH"},
      {"BODY needle", "* SEARCH"},
      {"TEXT needle", "* SEARCH 1"},
      {"TEXT xxxx", "* SEARCH 3"},
      {"BODY words FLAGGED", "* SEARCH"},
  };
  for (const auto& [keys, answer] : rows) {
    EXPECT_EQ(search(keys), answer) << keys;
  }
}

TEST_F(ImapSearch, WhatCantBeSearchedIsRefused) {
  EXPECT_TRUE(client_->say("SEARCH CHARSET X-KLINGON TEXT x").starts_with("NO [BADCHARSET "));
  std::string deep;
  for (int i = 0; i < 500; ++i) {
    deep += "NOT ";
  }
  EXPECT_FALSE(client_->say("SEARCH " + deep + "SEEN").starts_with("* SEARCH"));
  EXPECT_TRUE(client_->say("NOOP").starts_with("OK "));
}

TEST_F(ImapSearch, ExtendedAnswers) {
  EXPECT_EQ(client_->say("UID SEARCH RETURN (MIN MAX COUNT ALL) UNSEEN"),
            "* ESEARCH (TAG \"t3\") UID MIN 2 MAX 3 COUNT 2 ALL 2:3\nOK SEARCH completed\n");
  EXPECT_EQ(client_->say("SEARCH RETURN () SEEN"),
            "* ESEARCH (TAG \"t4\") ALL 1\nOK SEARCH completed\n");
  EXPECT_EQ(client_->say("UID SEARCH RETURN (PARTIAL -1:-2) ALL"),
            "* ESEARCH (TAG \"t5\") UID PARTIAL (-1:-2 2:3)\nOK SEARCH completed\n");
}

// An empty ESEARCH is still answered.
TEST_F(ImapSearch, NothingFoundIsAnswered) {
  EXPECT_EQ(client_->say("SEARCH RETURN (COUNT) DRAFT"),
            "* ESEARCH (TAG \"t3\") COUNT 0\nOK SEARCH completed\n");
  EXPECT_EQ(client_->say("UID SEARCH RETURN (ALL) DRAFT"),
            "* ESEARCH (TAG \"t4\") UID\nOK SEARCH completed\n");
  client_->say("ENABLE IMAP4rev2");
  EXPECT_EQ(client_->say("SEARCH DRAFT"), "* ESEARCH (TAG \"t6\")\nOK SEARCH completed\n");
}

TEST_F(ImapSearch, TheResultIsKept) {
  EXPECT_EQ(client_->say("SEARCH RETURN (SAVE) UNSEEN"), "OK SEARCH completed\n");
  EXPECT_EQ(client_->say("FETCH $ UID"),
            "* 2 FETCH (UID 2)\n* 3 FETCH (UID 3)\nOK FETCH completed\n");
  EXPECT_EQ(search("$ FLAGGED"), "* SEARCH 2");
  client_->say("UID EXPUNGE 3");
  EXPECT_EQ(client_->say("UID FETCH $ UID"), "* 2 FETCH (UID 2)\nOK FETCH completed\n");
  EXPECT_TRUE(client_->say("SEARCH RETURN (SAVE COUNT) SEEN").contains(" COUNT 1\n"));
  EXPECT_EQ(client_->say("UID FETCH $ UID"), "* 1 FETCH (UID 1)\nOK FETCH completed\n");
  EXPECT_EQ(client_->say("SELECT INBOX").substr(0, 13), "* OK [CLOSED]");
  EXPECT_EQ(client_->say("UID FETCH $ UID"), "OK FETCH completed\n");
}

TEST_F(ImapSearch, ModseqIsToldWithTheResult) {
  client_->say("ENABLE CONDSTORE");
  const auto rows = world.rows();
  EXPECT_EQ(search(fmt::format("MODSEQ {}", rows[1].facts.modseq)),
            fmt::format("* SEARCH 2 3 (MODSEQ {})", rows[2].facts.modseq));
}

}  // namespace
}  // namespace postrider::imap
