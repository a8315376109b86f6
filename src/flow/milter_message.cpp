// A milter and the content of a message.
#include "milter_client.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include <postrider/codec/mime/header.hpp>

namespace postrider::flow {

using filter::MilterCommand;
using filter::MilterStage;
using filter::MilterVerb;

namespace {

// As libmilter's callers know it: lines end in LF, and the blank after the colon is not told unless
// they want it.
std::string value_for(std::string_view value, bool with_blank) {
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] != '\r' || i + 1 == value.size() || value[i + 1] != '\n') {
      out += value[i];
    }
  }
  if (!with_blank && out.starts_with(' ')) {
    out.erase(0, 1);
  }
  return out;
}

std::string without_brackets(std::string_view path) {
  return path.starts_with('<') && path.ends_with('>') ? std::string(path.substr(1, path.size() - 2))
                                                      : std::string(path);
}

std::string domain_of(std::string_view path) {
  const std::string address = without_brackets(path);
  const std::size_t at = address.rfind('@');
  return at == std::string::npos ? "" : address.substr(at + 1);
}

// What Postfix tells by default, where we know it.
std::span<const std::string_view> usual_macros(MilterStage stage) {
  static constexpr std::array<std::string_view, 8> connect{
      "j",           "{daemon_name}", "v", "_", "{client_addr}", "{client_name}", "{client_port}",
      "{client_ptr}"};
  static constexpr std::array<std::string_view, 2> helo{"{tls_version}", "{cipher}"};
  static constexpr std::array<std::string_view, 4> mail{"{auth_type}", "{auth_authen}",
                                                        "{mail_addr}", "{mail_host}"};
  static constexpr std::array<std::string_view, 2> rcpt{"{rcpt_addr}", "{rcpt_host}"};
  static constexpr std::array<std::string_view, 1> content{"i"};
  switch (stage) {
    case MilterStage::connect:
      return connect;
    case MilterStage::helo:
      return helo;
    case MilterStage::mail:
      return mail;
    case MilterStage::rcpt:
      return rcpt;
    case MilterStage::data:
    case MilterStage::header_end:
    case MilterStage::end_of_message:
      return content;
  }
  return {};
}

}  // namespace

std::string MilterClient::macro(std::string_view name) const {
  const std::size_t gap = client_.tls.find(' ');
  const std::string address = client_.peer.ip.text();
  const std::string known = client_.name.empty() ? "unknown" : client_.name;
  struct Row {
    std::string_view name;
    std::string value;
  };
  const Row table[] = {
      {"j", hostname_},
      {"{daemon_name}", hostname_},
      {"v", "Postrider"},
      {"_", known + " [" + address + "]"},
      {"i", id_},
      {"{client_addr}", address},
      {"{client_name}", known},
      {"{client_ptr}", known},
      {"{client_port}", std::to_string(client_.peer.port)},
      {"{tls_version}", client_.tls.substr(0, gap)},
      {"{cipher}", gap == std::string::npos ? "" : client_.tls.substr(gap + 1)},
      {"{auth_type}", client_.account.empty() ? "" : "SASL"},
      {"{auth_authen}", client_.account},
      {"{mail_addr}", without_brackets(sender_)},
      {"{mail_host}", domain_of(sender_)},
      {"{rcpt_addr}", without_brackets(recipient_)},
      {"{rcpt_host}", domain_of(recipient_)},
  };
  const auto found = std::ranges::find(table, name, &Row::name);
  return found == std::end(table) ? "" : found->value;
}

void MilterClient::add_macros(MilterCommand command, MilterStage stage) {
  std::vector<filter::MilterMacro> macros;
  const auto add = [&](std::string_view name) {
    if (std::string value = macro(name); !value.empty()) {
      macros.push_back({std::string(name), std::move(value)});
    }
  };
  if (const auto& wanted = terms_.macros[static_cast<std::size_t>(stage)]) {
    // "{i}" and "i" are one name.
    for (const std::string& name : *wanted) {
      add(name.size() == 3 && name.front() == '{' ? std::string_view(name).substr(1, 1)
                                                  : std::string_view(name));
    }
  } else {
    std::ranges::for_each(usual_macros(stage), add);
  }
  if (!macros.empty()) {
    filter::append_milter_macros(command, macros, out_);
  }
}

engine::Task<FilterFinding> MilterClient::say_header(std::string_view header) {
  mime::HeaderLimits limits;  // it has been within the settings' when it came
  limits.max_octets = limits.max_fields = limits.max_line_octets = header.size() + 1;
  const auto section = mime::scan_header(header, limits);
  if (!section || !filter::is_wanted(terms_, MilterCommand::header)) {
    co_return FilterFinding{};
  }
  const bool with_blank = (terms_.steps & filter::milter_step::leading_space) != 0;
  for (const mime::HeaderField& field : section->fields()) {
    filter::append_milter_texts(
        MilterCommand::header,
        std::vector<std::string>{std::string(field.name), value_for(field.value, with_blank)},
        out_);
    FilterFinding said = take_answer(co_await ask(MilterCommand::header));
    if (said.answer != FilterAnswer::pass || transaction_ != Standing::open) {
      co_return said;
    }
  }
  co_return FilterFinding{};
}

engine::Task<FilterFinding> MilterClient::say_body(ArrivedBody& body) {
  while (filter::is_wanted(terms_, MilterCommand::body)) {
    const auto piece = co_await body.next();
    if (!piece) {
      co_return fail("the message can't be read: " + std::string(store::describe(piece.error())));
    }
    if (piece->empty()) {
      break;
    }
    std::string_view rest = *piece;
    while (!rest.empty()) {
      const std::string_view chunk = rest.substr(0, filter::milter_chunk_octets);
      rest.remove_prefix(chunk.size());
      filter::append_milter_body(chunk, out_);
      const Reply reply = co_await ask(MilterCommand::body);
      if (reply && reply->verb == MilterVerb::skip) {
        co_return FilterFinding{};
      }
      FilterFinding said = take_answer(reply);
      if (said.answer != FilterAnswer::pass || transaction_ != Standing::open) {
        co_return said;
      }
    }
  }
  co_return FilterFinding{};
}

engine::Task<FilterFinding> MilterClient::say_content(FilterSubject& subject) {
  const auto goes_on = [this](const FilterFinding& said) {
    return said.answer == FilterAnswer::pass && transaction_ == Standing::open;
  };
  FilterFinding said;
  for (const MilterCommand command : {MilterCommand::data, MilterCommand::header_end}) {
    if (command == MilterCommand::header_end) {
      said = co_await say_header(subject.header);
    }
    if (!goes_on(said)) {
      co_return said;
    }
    if (filter::is_wanted(terms_, command)) {
      add_macros(command,
                 command == MilterCommand::data ? MilterStage::data : MilterStage::header_end);
      filter::append_milter_command(command, out_);
      said = take_answer(co_await ask(command));
      if (!goes_on(said)) {
        co_return said;
      }
    }
  }
  said = co_await say_body(subject.body);
  if (!goes_on(said)) {
    co_return said;
  }
  add_macros(MilterCommand::body_end, MilterStage::end_of_message);
  filter::append_milter_command(MilterCommand::body_end, out_);
  replacement_ = &subject.replacement;
  changes_ = {};
  said = take_answer(co_await ask(MilterCommand::body_end));
  replacement_ = nullptr;
  if (said.answer == FilterAnswer::unavailable) {
    co_return said;
  }
  in_transaction_ = false;  // it waits for the next sender
  if (said.answer == FilterAnswer::pass) {
    co_return std::exchange(changes_, {});
  }
  co_return said;
}

engine::Task<FilterFinding> MilterClient::message(FilterSubject& subject) {
  if (!failure_.empty()) {
    co_return unavailable(failure_);
  }
  if (transaction_refused_) {
    co_return *transaction_refused_;
  }
  FilterFinding said;
  if (transaction_ == Standing::open) {
    id_ = subject.id.text();
    said = co_await say_content(subject);
  }
  if (transaction_ == Standing::discarded && said.answer != FilterAnswer::unavailable) {
    said = {};
    said.answer = FilterAnswer::discard;
    said.text = "it wants it thrown away";
  }
  co_return said;
}

}  // namespace postrider::flow
