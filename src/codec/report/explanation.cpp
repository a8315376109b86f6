#include "explanation.hpp"

#include <array>

namespace postrider::report {

namespace {

struct Row {
  std::string_view code;  // "5.1.1"; "1.1" for any class, "1." for any detail
  Explanation explanation;
};

constexpr std::string_view check_address =
    "Check the address for typing errors, and send it again.";
constexpr std::string_view ask_recipient =
    "Reach the recipient some other way, and let them know that their mail server refuses mail.";
constexpr std::string_view try_later = "Try again later, or reach the recipient some other way.";
constexpr std::string_view ask_administrator =
    "Ask the administrator of your mail server, and show them this report.";

// The first row that fits counts: details before subjects.
constexpr std::array rows = {
    Row{"1.1", {"There is no mailbox with this address.", check_address}},
    Row{"1.2", {"The domain after the @ does not exist, or takes no mail.", check_address}},
    Row{"1.3", {"The address is not written as an address must be.", check_address}},
    Row{"1.6", {"The mailbox has moved, and its new address is not known.", ask_recipient}},
    Row{"1.7",
        {"The recipient's server does not accept your own address as a sender.",
         ask_administrator}},
    Row{"1.8",
        {"The recipient's server does not accept the domain of your own address.",
         ask_administrator}},
    Row{"1.10", {"The domain after the @ has declared that it takes no mail.", check_address}},
    Row{"1.", {"The address was not accepted.", check_address}},
    Row{"2.1", {"The mailbox is disabled and takes no mail.", ask_recipient}},
    Row{"2.2", {"The recipient's mailbox is full.", try_later}},
    Row{"2.3",
        {"The message is larger than the recipient's mailbox accepts.",
         "Send less at once: fewer or smaller attachments, or a link to them."}},
    Row{"2.", {"The recipient's mailbox did not accept the message.", try_later}},
    Row{"3.4",
        {"The message is larger than the recipient's server accepts.",
         "Send less at once: fewer or smaller attachments, or a link to them."}},
    Row{"3.", {"The recipient's server had a problem of its own.", try_later}},
    Row{"4.1", {"The recipient's server did not answer.", try_later}},
    Row{"4.4",
        {"No server that takes mail for the recipient's domain could be found.",
         "Check the part after the @ for typing errors, and send it again."}},
    Row{"4.6", {"The message was going round in circles between servers.", ask_administrator}},
    Row{"4.7",
        {"The message could not be delivered in the time that was allowed for it.", try_later}},
    Row{"4.", {"The recipient's server could not be reached.", try_later}},
    Row{"5.3",
        {"The message had more recipients than the server accepts.",
         "Send it to fewer recipients at once."}},
    Row{"5.", {"The two mail servers did not understand each other.", ask_administrator}},
    Row{"6.7",
        {"An address or a header holds letters that the recipient's server can't handle.",
         "Ask the recipient for an address in plain letters (a to z)."}},
    Row{"6.",
        {"The recipient's server does not accept the form of the message's content.",
         "Send it again in a simpler form, as plain text for example."}},
    Row{"7.1", {"The recipient's server refused the message by its own rules.", ask_recipient}},
    Row{"7.8", {"The recipient's server wants a login that it did not get.", ask_administrator}},
    Row{"7.20", {"The message lacked a valid signature of its domain.", ask_administrator}},
    Row{"7.23",
        {"The recipient's server does not accept mail of your domain from this server.",
         ask_administrator}},
    Row{"7.26", {"The message failed the checks that prove who sent it.", ask_administrator}},
    Row{"7.",
        {"The recipient's server refused the message for reasons of security or policy.",
         ask_recipient}},
};

}  // namespace

Explanation explain(std::string_view status) {
  const std::size_t dot = status.find('.');
  const std::string_view rest = dot == std::string_view::npos ? "" : status.substr(dot + 1);
  for (const Row& row : rows) {
    if (row.code == rest || (row.code.ends_with('.') && rest.starts_with(row.code))) {
      return row.explanation;
    }
  }
  return {"The message could not be delivered.", ask_administrator};
}

}  // namespace postrider::report
