#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <pugixml.hpp>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/codec/report/dmarc_report.hpp>

namespace postrider::report {

namespace {

constexpr std::string_view xml_namespace = "urn:ietf:params:xml:ns:dmarc-2.0";
constexpr std::array<std::string_view, 4> dispositions{"none", "pass", "quarantine", "reject"};

// -- out

std::string printable(std::string_view text) {
  std::string out(text);
  const bool is_text = is_utf8(text);
  for (char& c : out) {
    const auto octet = static_cast<unsigned char>(c);
    const bool is_control = octet < 0x20 || octet == 0x7f;
    if (is_control || (octet >= 0x80 && !is_text)) {
      c = '?';
    }
  }
  return out;
}

void add(pugi::xml_node parent, const char* name, std::string_view text) {
  parent.append_child(name).text().set(printable(text).c_str());
}

void add_if(pugi::xml_node parent, const char* name, std::string_view text) {
  if (!text.empty()) {
    add(parent, name, text);
  }
}

std::string_view pass_or_fail(bool passed) {
  return passed ? "pass" : "fail";
}

void add_metadata(pugi::xml_node feedback, const DmarcReport& report) {
  pugi::xml_node metadata = feedback.append_child("report_metadata");
  add(metadata, "org_name", report.organization);
  add(metadata, "email", report.email);
  add_if(metadata, "extra_contact_info", report.contact);
  add(metadata, "report_id", report.id);
  pugi::xml_node range = metadata.append_child("date_range");
  add(range, "begin", std::to_string(unix_seconds(report.begin)));
  add(range, "end", std::to_string(unix_seconds(report.end)));
  add_if(metadata, "generator", report.generator);
}

void add_published(pugi::xml_node feedback, const DmarcPublished& published) {
  pugi::xml_node policy = feedback.append_child("policy_published");
  add(policy, "domain", published.domain);
  add_if(policy, "adkim", published.dkim_alignment);
  add_if(policy, "aspf", published.spf_alignment);
  add_if(policy, "p", published.policy);
  add_if(policy, "sp", published.subdomain_policy);
  add_if(policy, "np", published.nonexistent_policy);
  add_if(policy, "fo", published.failure_options);
  add(policy, "testing", published.testing ? "y" : "n");
  add_if(policy, "discovery_method", published.discovery);
}

void add_row(pugi::xml_node feedback, const DmarcRow& row) {
  pugi::xml_node record = feedback.append_child("record");
  pugi::xml_node facts = record.append_child("row");
  add(facts, "source_ip", row.source_ip);
  add(facts, "count", std::to_string(row.count));
  pugi::xml_node evaluated = facts.append_child("policy_evaluated");
  add(evaluated, "disposition", describe(row.disposition));
  add(evaluated, "dkim", pass_or_fail(row.dkim_aligned));
  add(evaluated, "spf", pass_or_fail(row.spf_aligned));
  for (const DmarcOverride& why : row.overrides) {
    pugi::xml_node reason = evaluated.append_child("reason");
    add(reason, "type", why.type);
    add_if(reason, "comment", why.comment);
  }
  pugi::xml_node identifiers = record.append_child("identifiers");
  add(identifiers, "header_from", row.header_from);
  add(identifiers, "envelope_from", row.envelope_from);
  pugi::xml_node results = record.append_child("auth_results");
  for (const DmarcSignature& signature : row.signatures) {
    pugi::xml_node dkim = results.append_child("dkim");
    add(dkim, "domain", signature.domain);
    add_if(dkim, "selector", signature.selector);
    add(dkim, "result", signature.result);
  }
  if (!row.spf_domain.empty()) {
    pugi::xml_node spf = results.append_child("spf");
    add(spf, "domain", row.spf_domain);
    add_if(spf, "scope", row.spf_scope);
    add(spf, "result", row.spf_result);
  }
}

struct StringSink final : pugi::xml_writer {
  void write(const void* data, std::size_t size) override {
    out.append(static_cast<const char*>(data), size);
  }
  std::string out;
};

// -- in

// Reporters write element names with or without a prefix.
std::string_view local_name(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  return name.substr(name.rfind(':') + 1);
}

pugi::xml_node child(const pugi::xml_node& parent, std::string_view name) {
  return parent.find_child([name](const pugi::xml_node& node) { return local_name(node) == name; });
}

std::string text_of(const pugi::xml_node& parent, std::string_view name) {
  const std::string_view text = trim_wsp(child(parent, name).child_value());
  return std::string(text.substr(0, dmarc_report_limits::text_octets));
}

WallTime time_of(const pugi::xml_node& parent, std::string_view name) {
  const auto seconds = parse_decimal(text_of(parent, name));
  constexpr std::uint64_t last = 253'402'300'799;  // of the year 9999
  return seconds && *seconds <= last ? from_unix_millis(static_cast<std::int64_t>(*seconds) * 1000)
                                     : WallTime{};
}

DmarcPublished read_published(const pugi::xml_node& policy) {
  DmarcPublished out;
  out.domain = to_lower(text_of(policy, "domain"));
  out.policy = text_of(policy, "p");
  out.subdomain_policy = text_of(policy, "sp");
  out.nonexistent_policy = text_of(policy, "np");
  out.dkim_alignment = text_of(policy, "adkim");
  out.spf_alignment = text_of(policy, "aspf");
  out.failure_options = text_of(policy, "fo");
  out.testing = text_of(policy, "testing") == "y";
  out.discovery = text_of(policy, "discovery_method");
  return out;
}

Result<DmarcRow, std::string> read_row(const pugi::xml_node& record) {
  DmarcRow out;
  const pugi::xml_node facts = child(record, "row");
  out.source_ip = text_of(facts, "source_ip");
  const auto count = parse_decimal(text_of(facts, "count"));
  if (out.source_ip.empty() || !count) {
    return failure(std::string("a record without source_ip or count"));
  }
  out.count = *count;
  const pugi::xml_node evaluated = child(facts, "policy_evaluated");
  const auto found = std::ranges::find(dispositions, text_of(evaluated, "disposition"));
  if (found != dispositions.end()) {
    out.disposition = static_cast<DmarcDisposition>(found - dispositions.begin());
  }
  out.dkim_aligned = text_of(evaluated, "dkim") == "pass";
  out.spf_aligned = text_of(evaluated, "spf") == "pass";
  const pugi::xml_node identifiers = child(record, "identifiers");
  out.header_from = to_lower(text_of(identifiers, "header_from"));
  out.envelope_from = to_lower(text_of(identifiers, "envelope_from"));
  for (const pugi::xml_node& reason : evaluated.children()) {
    if (local_name(reason) == "reason" && out.overrides.size() < dmarc_report_limits::signatures) {
      out.overrides.push_back({text_of(reason, "type"), text_of(reason, "comment")});
    }
  }
  const pugi::xml_node results = child(record, "auth_results");
  for (const pugi::xml_node& result : results.children()) {
    if (local_name(result) == "dkim" && out.signatures.size() < dmarc_report_limits::signatures) {
      out.signatures.push_back(
          {text_of(result, "domain"), text_of(result, "selector"), text_of(result, "result")});
    }
  }
  const pugi::xml_node spf = child(results, "spf");
  out.spf_domain = text_of(spf, "domain");
  out.spf_scope = text_of(spf, "scope");
  out.spf_result = text_of(spf, "result");
  return out;
}

}  // namespace

std::string_view describe(DmarcDisposition disposition) {
  return dispositions.at(static_cast<std::size_t>(disposition));
}

bool is_same_row(const DmarcRow& a, const DmarcRow& b) {
  DmarcRow counted = b;
  counted.count = a.count;
  return a == counted;
}

std::string encode_dmarc_report(const DmarcReport& report) {
  pugi::xml_document document;
  pugi::xml_node declaration = document.append_child(pugi::node_declaration);
  declaration.append_attribute("version") = "1.0";
  declaration.append_attribute("encoding") = "UTF-8";
  pugi::xml_node feedback = document.append_child("feedback");
  feedback.append_attribute("xmlns") = xml_namespace.data();
  add(feedback, "version", "1.0");
  add_metadata(feedback, report);
  add_published(feedback, report.published);
  for (const DmarcRow& row : report.rows) {
    add_row(feedback, row);
  }
  StringSink sink;
  document.save(sink, " ", pugi::format_indent, pugi::encoding_utf8);
  return std::move(sink.out);
}

Result<DmarcReport, std::string> parse_dmarc_report(std::string_view xml) {
  if (xml.size() > dmarc_report_limits::octets) {
    return failure(fmt::format("more than {} MiB", dmarc_report_limits::octets >> 20));
  }
  pugi::xml_document document;
  const auto read = document.load_buffer(xml.data(), xml.size(), pugi::parse_default);
  if (!read) {
    return failure(fmt::format("no XML: {} at octet {}", read.description(), read.offset));
  }
  const pugi::xml_node feedback = child(document, "feedback");
  const pugi::xml_node metadata = child(feedback, "report_metadata");
  const pugi::xml_node policy = child(feedback, "policy_published");
  if (!metadata || !policy) {
    return failure(std::string("no feedback with report_metadata and policy_published"));
  }
  DmarcReport out;
  out.organization = text_of(metadata, "org_name");
  out.email = text_of(metadata, "email");
  out.contact = text_of(metadata, "extra_contact_info");
  out.id = text_of(metadata, "report_id");
  out.generator = text_of(metadata, "generator");
  const pugi::xml_node range = child(metadata, "date_range");
  out.begin = time_of(range, "begin");
  out.end = time_of(range, "end");
  out.published = read_published(policy);
  if (out.published.domain.empty()) {
    return failure(std::string("it does not say which domain it is about"));
  }
  for (const pugi::xml_node& record : feedback.children()) {
    if (local_name(record) != "record") {
      continue;
    }
    if (out.rows.size() == dmarc_report_limits::rows) {
      return failure(fmt::format("more than {} records", dmarc_report_limits::rows));
    }
    auto row = read_row(record);
    if (!row) {
      return failure(std::move(row.error()));
    }
    out.rows.push_back(*std::move(row));
  }
  return out;
}

std::string dmarc_report_file_name(std::string_view receiver, const DmarcReport& report) {
  std::string id;
  for (const char c : report.id.substr(0, report.id.find('@'))) {
    id += is_ascii_alpha(c) || is_ascii_digit(c) || c == '.' ? c : '-';
  }
  return fmt::format("{}!{}!{}!{}!{}.xml.gz", receiver, report.published.domain,
                     unix_seconds(report.begin), unix_seconds(report.end), id);
}

}  // namespace postrider::report
