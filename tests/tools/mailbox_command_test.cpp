// What the operator reads of what the server answers, and the exit code.
#include "mailbox_command.hpp"

#include <cstdio>
#include <gtest/gtest.h>
#include <string>

namespace postrider::tools {
namespace {

class Answering final : public ControlTransport {
 public:
  explicit Answering(std::string body) : body_(std::move(body)) {}
  http::Response call(const http::Request& request) override {
    asked = request.target;
    return {.status = 200, .fields = {}, .body = body_};
  }
  std::string asked;

 private:
  std::string body_;
};

struct Told {
  std::string text;
  int exit = 0;
  std::string asked;
};

Told put_back(std::string answer) {
  Answering control(std::move(answer));
  std::FILE* const out = std::tmpfile();
  Told told;
  told.exit = run_mailbox_command(
      {.verb = MailboxVerb::repair, .account = "ada", .puts_back = true}, control, {out, out});
  std::rewind(out);
  char text[4096];
  told.text.assign(text, std::fread(text, 1, sizeof text, out));
  (void)std::fclose(out);
  told.asked = control.asked;
  return told;
}

TEST(MailboxCommand, TellsWhatIsBack) {
  const Told told =
      put_back(R"({"account":"ada","back":[{"mailbox":"INBOX","uid":7,"was_there":false}],)"
               R"("entries":[{"mailbox":"Work","what":"rights","is_back":true},)"
               R"({"mailbox":"","what":"annotation /colour","is_back":false}],)"
               R"("left":[],"remedies":[],"left_out":0})");
  EXPECT_EQ(told.asked, "/v1/mailboxes/ada/put-back");
  EXPECT_EQ(told.exit, exit_ok);
  EXPECT_EQ(told.text,
            "INBOX: message 7: is back\n"
            "Work: rights: back\n"
            "annotation /colour: forgotten: set anew since, or its mailbox is gone\n");
}

TEST(MailboxCommand, TellsWhatIsNotAndWhatToDo) {
  const Told told =
      put_back(R"({"account":"ada","back":[],"entries":[],"left":["Work: it can't be read"],)"
               R"("remedies":["set it anew"],"left_out":3})");
  EXPECT_EQ(told.exit, exit_no);
  EXPECT_EQ(told.text, "Work: it can't be read: set it anew\n... and 3 more\n");
}

TEST(MailboxCommand, SaysSoWhereNothingWasSetAside) {
  const Told told =
      put_back(R"({"account":"ada","back":[],"entries":[],"left":[],"remedies":[],"left_out":0})");
  EXPECT_EQ(told.exit, exit_ok);
  EXPECT_EQ(told.text, "nothing was set aside\n");
}

}  // namespace
}  // namespace postrider::tools
