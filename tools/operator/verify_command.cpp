#include "verify_command.hpp"

#include "message_file.hpp"

#include <algorithm>
#include <fmt/core.h>

#include <postrider/base/json.hpp>
#include <postrider/base/text.hpp>
#include <postrider/policy/sender_auth.hpp>

namespace postrider::tools {

namespace {

constexpr Duration patience = std::chrono::seconds(30);
constexpr std::string_view no_address = "the client's address is not known: give --ip";

struct Judged {
  policy::SenderAuthResult result;
  const arc::Chain* chain = nullptr;
  std::string field;  // Authentication-Results
  bool is_authentic = false;
};

// What a delivered message keeps of its envelope (RFC 5321 4.4).
std::string return_path(const mime::HeaderSection& section) {
  const mime::HeaderField* const field = section.find("Return-Path");
  const std::string text = field == nullptr ? std::string() : mime::unfold(field->value);
  const bool has_brackets = text.size() >= 2 && text.starts_with('<') && text.ends_with('>');
  return has_brackets ? text.substr(1, text.size() - 2) : text;
}

std::string without_brackets(std::string_view path) {
  const bool has_brackets = path.size() >= 2 && path.starts_with('<') && path.ends_with('>');
  return std::string(has_brackets ? path.substr(1, path.size() - 2) : path);
}

bool is_authentic(const policy::SenderAuthResult& result) {
  if (result.dmarc.result != dmarc::Result::none) {
    return result.dmarc.result == dmarc::Result::pass;
  }
  const bool is_signed = std::ranges::any_of(result.dkim, [](const policy::DkimJudgement& one) {
    return one.result == policy::DkimResult::pass;
  });
  return is_signed || result.arc.status == arc::Status::pass ||
         (result.spf_mail_from && result.spf_mail_from->result == spf::Result::pass);
}

void encode_spf(JsonWriter& json, std::string_view name, const std::optional<spf::Outcome>& spf) {
  json.key(name).begin_object();
  json.member("result", spf ? spf::name_of(spf->result) : std::string_view("none"));
  json.member("domain", spf ? spf->domain : std::string());
  json.member("mechanism", spf ? spf->mechanism : std::string());
  json.member("reason", spf ? std::string_view(spf->reason) : no_address);
  json.member("explanation", spf ? spf->explanation : std::string());
  json.end_object();
}

void encode_dkim(JsonWriter& json, const policy::SenderAuthResult& result) {
  json.key("dkim").begin_array();
  for (const policy::DkimJudgement& one : result.dkim) {
    json.begin_object().member("result", policy::name_of(one.result));
    json.member("domain", one.domain).member("selector", one.selector);
    json.member("identity", one.identity).member("algorithm", one.algorithm);
    json.member("testing", one.testing).member("unsigned_octets", one.unsigned_octets);
    json.member("reason", one.reason).end_object();
  }
  json.end_array();
  json.member("skipped_signatures", static_cast<std::uint64_t>(result.skipped_signatures));
}

void encode_dmarc(JsonWriter& json, const dmarc::Outcome& outcome) {
  json.key("dmarc").begin_object().member("result", dmarc::name_of(outcome.result));
  json.member("domain", outcome.author_domain).member("record_domain", outcome.record_domain);
  json.member("organizational_domain", outcome.organizational_domain);
  json.member("policy", dmarc::name_of(outcome.policy));
  json.member("disposition", dmarc::name_of(outcome.disposition));
  json.member("testing", outcome.record && outcome.record->testing);
  json.member("spf_aligned", outcome.spf_aligned).member("dkim_aligned", outcome.dkim_aligned);
  json.member("reason", outcome.reason).end_object();
}

void encode_arc(JsonWriter& json, const arc::Outcome& outcome, const arc::Chain& chain) {
  json.key("arc").begin_object().member("result", arc::name_of(outcome.status));
  json.member("instance", outcome.instance).key("sets").begin_array();
  for (const arc::Set& set : chain.sets) {
    json.begin_object().member("domain", set.seal.domain).member("selector", set.seal.selector);
    json.member("cv", arc::name_of(set.seal.chain));
    json.member("results", mime::unfold(set.results)).end_object();
  }
  json.end_array().member("reason", outcome.reason).end_object();
}

std::string encode(const Judged& judged) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("authentic", judged.is_authentic);
  encode_spf(json, "spf", judged.result.spf_mail_from);
  encode_spf(json, "spf_helo", judged.result.spf_helo);
  encode_dkim(json, judged.result);
  encode_dmarc(json, judged.result.dmarc);
  encode_arc(json, judged.result.arc, *judged.chain);
  json.member("authentication_results", judged.field).end_object();
  return out + "\n";
}

std::string words(const Judged& judged) {
  const policy::SenderAuthResult& result = judged.result;
  Table table({"CHECK", "RESULT", "OF", "WHY"});
  const auto add = [&](const char* what, std::string_view outcome, std::string_view of,
                       std::string_view why) {
    table.add({what, std::string(outcome), quoted_for_log(of, 80), quoted_for_log(why)});
  };
  const auto add_spf = [&](const char* what, const std::optional<spf::Outcome>& spf) {
    add(what, spf ? spf::name_of(spf->result) : "none", spf ? spf->domain : "",
        spf ? std::string_view(spf->reason) : no_address);
  };
  add_spf("SPF", result.spf_mail_from);
  add_spf("SPF of HELO", result.spf_helo);
  for (const policy::DkimJudgement& one : result.dkim) {
    add("DKIM", policy::name_of(one.result), one.domain, one.reason);
  }
  if (result.dkim.empty()) {
    add("DKIM", "none", "", "the message is not signed");
  }
  if (result.skipped_signatures > 0) {
    add("DKIM", "skipped", fmt::format("{} more", result.skipped_signatures),
        "too many signatures");
  }
  add("ARC", arc::name_of(result.arc.status),
      judged.chain->sets.empty() ? "" : judged.chain->sets.back().seal.domain, result.arc.reason);
  add("DMARC", dmarc::name_of(result.dmarc.result), result.dmarc.author_domain,
      result.dmarc.reason);
  std::string field = judged.field;
  std::erase(field, '\r');
  return fmt::format("{}\nAuthentication-Results: {}\n", table.text(), field);
}

}  // namespace

engine::Task<int> run_verify_command(VerifyCommand command, engine::Reactor& reactor,
                                     Terminal terminal) {
  const auto message = read_message(command.file, terminal);
  if (!message) {
    co_return exit_usage;
  }
  const auto section = mime::scan_header(*message);
  if (!section) {
    terminal.complain(
        fmt::format("{}: its header is too large: no server would take it", command.file.string()));
    co_return exit_no;
  }
  std::optional<policy::PublicSuffixList> suffixes;
  if (command.public_suffixes) {
    suffixes = policy::PublicSuffixList::load();
    if (!suffixes) {
      terminal.complain("there is no public suffix list: apt-get install publicsuffix");
      co_return exit_no;
    }
  }
  policy::Evidence evidence(*section);
  evidence.update(std::string_view(*message).substr(section->body_offset()));
  evidence.finish();
  const policy::SenderAuthRequest request{.ip = command.ip,
                                          .helo = command.helo,
                                          .mail_from = command.mail_from
                                                           ? without_brackets(*command.mail_from)
                                                           : return_path(*section)};
  const auto resolver = net::make_resolver(reactor, command.resolver);
  Judged judged{
      .result = co_await policy::judge_sender(
          *resolver, reactor, evidence,
          {.authserv_id = command.authserv_id, .public_suffixes = suffixes ? &*suffixes : nullptr},
          request, engine::Until{reactor.now() + patience}),
      .chain = &evidence.chain()};
  judged.field = mime::encode_authentication_results(
      policy::to_authentication_results(judged.result, request, command.authserv_id));
  judged.is_authentic = is_authentic(judged.result);
  terminal.print(command.json ? encode(judged) : words(judged));
  co_return judged.is_authentic ? exit_ok : exit_no;
}

}  // namespace postrider::tools
