#include <algorithm>
#include <array>
#include <cmath>
#include <simdjson.h>

#include <postrider/base/text.hpp>
#include <postrider/codec/filter/rspamd.hpp>

namespace postrider::filter {
namespace {

constexpr std::size_t value_octets_max = 998;
constexpr std::size_t recipients_told_max = 1000;
constexpr std::size_t symbols_max = 1000;
constexpr std::size_t changes_max = 200;
constexpr std::size_t text_octets_max = 16UL << 10;

constexpr std::array<std::pair<std::string_view, RspamdAction>, 8> actions{{
    {"no action", RspamdAction::no_action},
    {"greylist", RspamdAction::greylist},
    {"add header", RspamdAction::add_header},
    {"rewrite subject", RspamdAction::rewrite_subject},
    {"soft reject", RspamdAction::soft_reject},
    {"reject", RspamdAction::reject},
    {"quarantine", RspamdAction::quarantine},
    {"discard", RspamdAction::discard},
}};

std::optional<RspamdAction> parse_action(std::string_view text) {
  const auto row = std::ranges::find(actions, text, &decltype(actions)::value_type::first);
  return row == actions.end() ? std::nullopt : std::optional(row->second);
}

// Whatever a client has said must not end its field.
std::string one_line(std::string_view text) {
  std::string out(text.substr(0, value_octets_max));
  std::ranges::replace_if(out, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return std::string(trim_wsp(out));
}

using Element = simdjson::dom::element;
using Object = simdjson::dom::object;

std::string text_at(const Object& object, std::string_view name) {
  std::string_view text;
  return object[name].get(text) == simdjson::SUCCESS ? std::string(text.substr(0, text_octets_max))
                                                     : std::string();
}

double number_at(const Object& object, std::string_view name) {
  double number = 0;
  return object[name].get(number) == simdjson::SUCCESS && std::isfinite(number) ? number : 0;
}

void read_symbols(const Object& root, RspamdReply& out) {
  Object symbols;
  if (root["symbols"].get(symbols) != simdjson::SUCCESS) {
    return;
  }
  for (const auto [name, value] : symbols) {
    Object facts;
    if (out.symbols.size() < symbols_max && value.get(facts) == simdjson::SUCCESS) {
      out.symbols.push_back({one_line(name), number_at(facts, "score")});
    }
  }
  std::ranges::sort(out.symbols, {}, &RspamdSymbol::name);
}

// "X-Name": "value", or {"value": "...", "order": 0}, or a list of those.
void read_added(std::string_view name, Element value, RspamdReply& out, bool is_nested = false) {
  if (out.added.size() >= changes_max) {
    return;
  }
  if (simdjson::dom::array items; !is_nested && value.get(items) == simdjson::SUCCESS) {
    for (const Element item : items) {
      read_added(name, item, out, true);
    }
    return;
  }
  RspamdAddedField field;
  field.name = name;
  std::string_view text;
  if (Object facts; value.get(facts) == simdjson::SUCCESS) {
    field.value = text_at(facts, "value");
    if (std::int64_t order = 0; facts["order"].get(order) == simdjson::SUCCESS) {
      field.order = order;
    }
  } else if (value.get(text) == simdjson::SUCCESS) {
    field.value = text.substr(0, text_octets_max);
  } else {
    return;
  }
  out.added.push_back(std::move(field));
}

void read_removed(std::string_view name, Element value, RspamdReply& out, bool is_nested = false) {
  if (simdjson::dom::array items; !is_nested && value.get(items) == simdjson::SUCCESS) {
    for (const Element item : items) {
      read_removed(name, item, out, true);
    }
    return;
  }
  std::int64_t which = 0;
  if (value.get(which) == simdjson::SUCCESS && out.removed.size() < changes_max) {
    out.removed.push_back({std::string(name), which});
  }
}

void read_milter(const Object& root, RspamdReply& out) {
  Object milter;
  if (root["milter"].get(milter) != simdjson::SUCCESS) {
    return;
  }
  if (Object added; milter["add_headers"].get(added) == simdjson::SUCCESS) {
    for (const auto [name, value] : added) {
      read_added(name, value, out);
    }
  }
  if (Object removed; milter["remove_headers"].get(removed) == simdjson::SUCCESS) {
    for (const auto [name, value] : removed) {
      read_removed(name, value, out);
    }
  }
  // What a refusal is to become instead.
  const std::string instead = text_at(milter, "reject");
  if (out.action == RspamdAction::reject && (instead == "discard" || instead == "quarantine")) {
    out.action = *parse_action(instead);
  }
}

}  // namespace

std::string_view name_of(RspamdAction action) {
  return std::ranges::find(actions, action, &decltype(actions)::value_type::second)->first;
}

std::vector<RspamdField> rspamd_fields(const RspamdQuestion& question) {
  std::vector<RspamdField> out;
  const auto add = [&out](std::string_view name, std::string_view value) {
    if (!value.empty()) {
      out.push_back({std::string(name), one_line(value)});
    }
  };
  // The null path is told, too: what is not told would be guessed from the message.
  out.push_back({"from", "<" + one_line(question.from) + ">"});
  for (std::size_t i = 0; i < question.recipients.size() && i < recipients_told_max; ++i) {
    add("rcpt", question.recipients[i]);
  }
  add("ip", question.client.text());
  add("helo", question.helo);
  add("hostname", question.client_name);
  add("user", question.user);
  add("queue-id", question.queue_id);
  add("tls-cipher", question.tls_cipher);
  add("tls-version", question.tls_version);
  add("mta-name", question.hostname);
  add("mta-tag", question.hostname);
  return out;
}

Result<RspamdReply, std::string> parse_rspamd_reply(std::string_view json) {
  simdjson::dom::parser parser;
  const simdjson::padded_string padded(json);
  Object root;
  if (parser.parse(padded).get(root) != simdjson::SUCCESS) {
    return failure(std::string("the answer is no JSON object"));
  }
  if (const std::string error = text_at(root, "error"); !error.empty()) {
    return failure("it says: " + quoted_for_log(error));
  }
  RspamdReply out;
  const std::string action = text_at(root, "action");
  const auto known = parse_action(action);
  if (!known) {
    return failure(action.empty() ? std::string("the answer names no action")
                                  : "the action " + quoted_for_log(action) + " is not known here");
  }
  out.action = *known;
  bool is_skipped = false;
  out.is_skipped = root["is_skipped"].get(is_skipped) == simdjson::SUCCESS && is_skipped;
  out.score = number_at(root, "score");
  out.required_score = number_at(root, "required_score");
  out.subject = text_at(root, "subject");
  if (Object messages; root["messages"].get(messages) == simdjson::SUCCESS) {
    out.message = one_line(text_at(messages, "smtp_message"));
  }
  read_symbols(root, out);
  read_milter(root, out);
  return out;
}

}  // namespace postrider::filter
