#include "destinations.hpp"
#include "message_checksum.hpp"
#include "onward_seal.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <postrider/base/kill_point.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/mime/address.hpp>
#include <postrider/codec/mime/header.hpp>
#include <postrider/codec/mime/header_edit.hpp>
#include <postrider/codec/mime/header_writer.hpp>
#include <postrider/flow/onward_message.hpp>

namespace postrider::flow {

namespace {

constexpr std::string_view bounces_suffix = "-bounces";

// Fields of a list that stand for one list only (RFC 2369 4, RFC 2919 3), and what becomes untrue.
constexpr std::array<std::string_view, 12> list_only_fields{
    "List-Id",
    "List-Post",
    "List-Help",
    "List-Unsubscribe",
    "List-Subscribe",
    "List-Owner",
    "List-Archive",
    "List-Unsubscribe-Post",
    "Precedence",
    "Return-Receipt-To",
    "Disposition-Notification-To",
    "Errors-To",
};

constexpr mime::HeaderLimits generous{.max_octets = store::QueueStore::chunk_octets,
                                      .max_fields = 100'000,
                                      .max_line_octets = store::QueueStore::chunk_octets};

std::string field_value(const mime::HeaderSection& section, std::string_view name) {
  const mime::HeaderField* field = section.find(name);
  return field == nullptr ? std::string() : to_lower(trim_wsp(mime::unfold(field->value)));
}

// An address, and what a URL was configured as, can't end a line.
std::string one_line(std::string_view text) {
  std::string out(text);
  std::ranges::replace_if(
      out, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; }, '_');
  return out;
}

// It has been delivered to that address before.
bool was_at(const mime::HeaderSection& section, std::string_view address) {
  return std::ranges::any_of(section.fields(), [address](const mime::HeaderField& field) {
    return equals_ignoring_case(trim_wsp(field.name), "Delivered-To") &&
           equals_ignoring_case(trim_wsp(mime::unfold(field.value)), address);
  });
}

bool has_list_id(const mime::HeaderSection& section, std::string_view id) {
  return std::ranges::any_of(section.fields(), [id](const mime::HeaderField& field) {
    return equals_ignoring_case(trim_wsp(field.name), "List-Id") &&
           to_lower(mime::unfold(field.value)).find("<" + to_lower(id) + ">") != std::string::npos;
  });
}

// RFC 3834 5; "junk" and "auto_reply" are what came before it.
bool is_automatic(const mime::HeaderSection& section) {
  const std::string submitted = field_value(section, "Auto-Submitted");
  const std::string precedence = field_value(section, "Precedence");
  return (!submitted.empty() && !submitted.starts_with("no")) || precedence == "junk" ||
         precedence == "auto_reply" || section.has("X-Autoreply") ||
         section.has("X-Auto-Response-Suppress");
}

std::string list_id(std::string_view address) {
  const std::size_t at = address.rfind('@');
  return std::string(address.substr(0, at)) + "." + std::string(address.substr(at + 1));
}

// As a display name, with the blank behind it.
std::string phrase_of(const std::string& title) {
  const std::string text = mime::encode_mailbox({title, "list", "invalid"}, false);
  return title.empty() ? "" : text.substr(0, text.rfind('<'));
}

void add(std::vector<std::string>& out, std::string_view name, std::string_view value) {
  std::string field;
  mime::HeaderWriter(field, true).structured(name, value);
  out.push_back(std::move(field));
}

void add_url(std::vector<std::string>& out, std::string_view name, std::string_view url) {
  if (!url.empty()) {
    add(out, name, "<" + one_line(url) + ">");
  }
}

std::string received_field(const OnwardFacts& facts, MessageId id, std::string_view recipient) {
  std::string text = "by " + facts.hostname + " (Postrider) id " + id.text();
  if (!recipient.empty()) {
    text += " for <" + one_line(recipient) + ">";
  }
  text += "; " + encode_rfc5322_date(facts.now);
  std::string out;
  mime::HeaderWriter(out, true).structured("Received", text);
  return out;
}

// The new header, and what follows it in chunk 0.
std::string edited(std::string_view first, const Onward& onward, std::string_view received) {
  std::string top = std::string(received) + onward.trace;
  const auto section = mime::scan_header(first, generous);
  if (!section) {
    return top + std::string(first);
  }
  mime::HeaderEdit edit(*section);
  for (const std::string& name : onward.removed) {
    edit.remove(name);
  }
  for (const std::string& field : onward.fields) {
    edit.append(field);
  }
  return top + edit.encode() + std::string(first.substr(section->body_offset()));
}

store::Envelope make_envelope(const store::Envelope& about, const Onward& onward,
                              const OnwardFacts& facts) {
  store::Envelope out;
  out.tenant = about.tenant;
  out.reverse_path = onward.reverse_path;
  if (onward.keeps_dsn_terms) {
    out.envid = about.envid;
    out.ret = about.ret;
  }
  out.priority = about.priority;
  out.smtputf8 = about.smtputf8;
  out.eight_bit = about.eight_bit;
  out.require_tls = about.require_tls;
  out.tls_not_required = about.tls_not_required;
  out.disposition = about.disposition;
  out.hops = static_cast<std::uint8_t>(about.hops + 1);
  out.received_at = onward.is_hop ? facts.now : about.received_at;
  out.origin = "sent on from " + about.id.text();
  if (onward.is_hop) {
    out.destinations = group_by_domain(onward.recipients);
    return out;
  }
  for (const store::Recipient& recipient : onward.recipients) {
    out.destinations.push_back({destination_domain(recipient.address), {recipient}});
  }
  return out;
}

}  // namespace

std::string list_bounces_address(std::string_view list) {
  const std::size_t at = list.rfind('@');
  return std::string(list.substr(0, at)) + std::string(bounces_suffix) +
         std::string(list.substr(at));
}

std::optional<std::string> list_of_bounces_address(std::string_view address) {
  const std::size_t at = address.rfind('@');
  const std::string_view local = address.substr(0, at);
  if (at == std::string_view::npos || !local.ends_with(bounces_suffix)) {
    return std::nullopt;
  }
  return std::string(local.substr(0, local.size() - bounces_suffix.size())) +
         std::string(address.substr(at));
}

Result<Onward, OnwardFailure> make_forward(const store::Envelope& about,
                                           const store::Recipient& recipient,
                                           std::string_view header, const policy::Srs& srs,
                                           const OnwardFacts& facts) {
  const auto section = mime::scan_header(header, generous);
  if (about.hops >= onward_hops_max || (section && was_at(*section, recipient.address))) {
    return failure(OnwardFailure::loop);
  }
  Onward out;
  out.reverse_path = srs.forward(about.reverse_path, recipient.address, facts.now);
  store::Recipient to = recipient;
  to.address = recipient.local.name;
  to.local = {};
  if (to.orcpt.empty()) {
    to.orcpt = "rfc822;" + recipient.address;  // RFC 3461 5.2.7.2
  }
  out.recipients.push_back(std::move(to));
  out.trace = "Delivered-To: " + one_line(recipient.address) + "\r\n";
  out.domain = destination_domain(recipient.address);
  return out;
}

Result<Onward, OnwardFailure> make_post(const store::Envelope& about, const ListFacts& list,
                                        std::vector<store::Recipient> members,
                                        std::string_view header, const OnwardFacts& /*facts*/) {
  const std::string id = list_id(list.address);
  const auto section = mime::scan_header(header, generous);
  if (about.hops >= onward_hops_max ||
      (section && (was_at(*section, list.address) || has_list_id(*section, id)))) {
    return failure(OnwardFailure::loop);
  }
  if (about.reverse_path.empty()) {
    return failure(OnwardFailure::bounce);
  }
  if (section && is_automatic(*section)) {
    return failure(OnwardFailure::auto_reply);
  }
  Onward out;
  out.reverse_path = list_bounces_address(list.address);
  out.recipients = std::move(members);
  out.keeps_dsn_terms = false;
  out.trace = "Delivered-To: " + one_line(list.address) + "\r\n";
  out.domain = destination_domain(list.address);
  out.is_post = true;
  out.removed.assign(list_only_fields.begin(), list_only_fields.end());
  std::string named;
  mime::HeaderWriter(named, true)
      .structured("List-Id", phrase_of(list.title) + "<" + one_line(id) + ">");
  out.fields.push_back(std::move(named));
  add(out.fields, "Precedence", "list");
  add(out.fields, "List-Post", "<mailto:" + one_line(list.address) + ">");
  // RFC 2369 3.1, the one field that each list has: who cares for it.
  add(out.fields, "List-Help",
      "<mailto:postmaster@" + one_line(out.domain) + "?subject=help%20with%20a%20list>");
  add_url(out.fields, "List-Unsubscribe", list.unsubscribe_url);
  add_url(out.fields, "List-Subscribe", list.subscribe_url);
  add_url(out.fields, "List-Archive", list.archive_url);
  if (list.reply_to_list) {
    out.removed.emplace_back("Reply-To");
    add(out.fields, "Reply-To", one_line(list.address));
  }
  return out;
}

Result<Onward, OnwardFailure> make_expansion(const store::Envelope& about,
                                             std::vector<store::Recipient> placed) {
  if (about.hops >= onward_hops_max) {
    return failure(OnwardFailure::loop);
  }
  Onward out;
  out.reverse_path = about.reverse_path;
  out.recipients = std::move(placed);
  out.is_hop = false;
  return out;
}

engine::Task<store::StoreResult<OnwardMessage>> compose_onward(
    OnwardDoors doors, std::shared_ptr<const store::Envelope> about, SharedOctets first,
    Onward onward, OnwardFacts facts) {
  constexpr std::uint64_t chunk_max = store::QueueStore::chunk_octets;
  store::QueueStore& queue = doors.queue;
  std::unique_ptr<store::StagedMessage> staged;
  const bool is_staged =
      about->body_chunks > 1 || first.view().size() + (64 * 1024) > chunk_max;  // its header grows
  if (is_staged) {
    staged = queue.stage();
  }
  const MessageId id = staged ? staged->id() : queue.next_id();
  std::string received;
  if (onward.is_hop) {
    received = received_field(
        facts, id, onward.recipients.size() == 1 ? onward.recipients.front().address : "");
  }
  std::string head = edited(first.view(), onward, received);
  first.reset();
  if (doors.signer != nullptr && !onward.domain.empty()) {
    OnwardSeal seal(*doors.signer, onward, facts, head);
    for (std::uint32_t chunk = 1; seal.is_wanted() && chunk < about->body_chunks; ++chunk) {
      const auto octets = co_await queue.read_chunk(about->id, chunk);
      if (!octets) {
        co_return failure(octets.error());
      }
      seal.update(octets->view());
    }
    head.insert(0, seal.finish());
  }
  auto envelope = std::make_shared<store::Envelope>(make_envelope(*about, onward, facts));
  envelope->id = id;
  envelope->size_octets = head.size();
  MessageChecksum checksum;
  if (staged && head.size() > chunk_max) {
    std::string rest = head.substr(chunk_max);
    head.resize(chunk_max);
    checksum.update(rest);
    if (auto put = co_await staged->append(std::move(rest)); !put) {
      co_return failure(put.error());
    }
  }
  for (std::uint32_t chunk = 1; chunk < about->body_chunks; ++chunk) {
    const auto octets = co_await queue.read_chunk(about->id, chunk);
    if (!octets) {
      co_return failure(octets.error());
    }
    checksum.update(octets->view());
    envelope->size_octets += octets->view().size();
    if (auto put = co_await staged->append(std::string(octets->view())); !put) {
      co_return failure(put.error());
    }
    kill_point("onward.chunk_copied");
  }
  checksum.update(head);
  envelope->checksum = checksum.finish();
  envelope->body_chunks = staged && staged->chunks() > 0 ? staged->chunks() + 1 : 0;
  kill_point("onward.composed");
  co_return OnwardMessage{{std::move(envelope), SharedOctets(std::move(head))}, std::move(staged)};
}

}  // namespace postrider::flow
