// A message through rspamd's HTTP protocol.
#include "filter_subject.hpp"
#include "http_answer.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/codec/filter/rspamd.hpp>
#include <postrider/codec/mime/header_writer.hpp>

namespace postrider::flow {
namespace {

constexpr std::size_t symbols_octets_max = 900;  // in X-Spam-Status

filter::RspamdQuestion question_of(const FilterSubject& subject) {
  filter::RspamdQuestion out;
  const Conversation& conversation = subject.conversation;
  out.from = subject.transaction.reverse_path;
  for (const store::Recipient& recipient : subject.transaction.recipients) {
    out.recipients.push_back(recipient.address);
  }
  out.client = conversation.peer.ip;
  out.helo = conversation.helo;
  out.client_name = conversation.client.name;
  out.user = conversation.account;
  out.queue_id = subject.id.text();
  out.hostname = subject.hostname;
  const std::size_t gap = conversation.tls.find(' ');
  out.tls_version = conversation.tls.substr(0, gap);
  out.tls_cipher = gap == std::string::npos ? "" : conversation.tls.substr(gap + 1);
  return out;
}

std::string request_head(const FilterSubject& subject) {
  http::Request request;
  request.method = "POST";
  request.target = filter::rspamd_target;
  request.keep_alive = false;
  for (filter::RspamdField& field : filter::rspamd_fields(question_of(subject))) {
    request.fields.push_back({std::move(field.name), std::move(field.value)});
  }
  std::string out;
  http::encode_request_head(request, "rspamd", subject.header.size() + subject.body.octets(), out);
  return out;
}

engine::Task<Result<http::Response, std::string>> exchange(engine::Stream& stream,
                                                           FilterSubject& subject,
                                                           engine::Until until) {
  // One that knows enough from the head answers and reads no more: what it says counts.
  const std::string head = request_head(subject) + std::string(subject.header);
  std::string_view piece = head;
  while (!piece.empty()) {
    if (const auto sent = co_await stream.send(piece, until); !sent) {
      if (sent.error() == engine::IoError::reset) {
        break;
      }
      co_return failure("it takes nothing: " + std::string(engine::describe(sent.error())));
    }
    const auto next = co_await subject.body.next();
    if (!next) {
      co_return failure("the message can't be read: " + std::string(store::describe(next.error())));
    }
    piece = *next;
  }
  co_return co_await hear_answer(stream, until);
}

std::string subject_of(std::string_view header) {
  const auto section = mime::scan_header(header);
  const mime::HeaderField* field = section ? section->find("Subject") : nullptr;
  return field == nullptr ? "" : mime::unfold(field->value);
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  if (const std::size_t at = text.find(what); at != text.npos) {
    text.replace(at, what.size(), by);
  }
  return text;
}

void append_field(std::string_view name, std::string value, FilterFinding& out) {
  HeaderChange change;
  change.name = name;
  change.value = " " + std::move(value);
  out.changes.push_back(std::move(change));
}

void add_spam_fields(const filter::RspamdReply& reply, bool is_spam, FilterFinding& out) {
  for (const std::string_view name : {"X-Spam-Flag", "X-Spam-Score", "X-Spam-Status"}) {
    HeaderChange change;  // what the sender says of itself
    change.kind = HeaderChange::Kind::remove;
    change.name = name;
    out.changes.push_back(std::move(change));
  }
  std::string symbols;
  for (const filter::RspamdSymbol& symbol : reply.symbols) {
    if (symbols.size() + symbol.name.size() < symbols_octets_max) {
      symbols += (symbols.empty() ? "" : ",\r\n\t") + symbol.name;
    }
  }
  append_field("X-Spam-Flag", is_spam ? "YES" : "NO", out);
  append_field("X-Spam-Score", fmt::format("{:.2f}", reply.score), out);
  append_field("X-Spam-Status",
               fmt::format("{}, score={:.2f} required={:.2f} action=\"{}\"\r\n\ttests={}",
                           is_spam ? "Yes" : "No", reply.score, reply.required_score,
                           filter::name_of(reply.action), symbols.empty() ? "none" : symbols),
               out);
}

void add_changes(const filter::RspamdReply& reply, FilterFinding& out) {
  for (const filter::RspamdRemovedField& field : reply.removed) {
    HeaderChange change;
    change.kind = HeaderChange::Kind::remove;
    change.name = field.name;
    change.which = field.which;
    out.changes.push_back(std::move(change));
  }
  for (const filter::RspamdAddedField& field : reply.added) {
    append_field(field.name, field.value, out);
    if (field.order >= 0) {
      out.changes.back().kind = HeaderChange::Kind::insert;
      out.changes.back().which = field.order;
    }
  }
}

FilterAnswer answer_of(filter::RspamdAction action) {
  switch (action) {
    case filter::RspamdAction::no_action:
      return FilterAnswer::pass;
    case filter::RspamdAction::greylist:
    case filter::RspamdAction::soft_reject:
      return FilterAnswer::defer;
    case filter::RspamdAction::add_header:
    case filter::RspamdAction::rewrite_subject:
      return FilterAnswer::spam;
    case filter::RspamdAction::reject:
      return FilterAnswer::reject;
    case filter::RspamdAction::quarantine:
      return FilterAnswer::quarantine;
    case filter::RspamdAction::discard:
      return FilterAnswer::discard;
  }
  return FilterAnswer::unavailable;
}

FilterFinding finding_of(const filter::RspamdReply& reply, const FilterSettings& settings,
                         const FilterSubject& subject) {
  FilterFinding out;
  out.answer = answer_of(reply.action);
  if (out.answer != FilterAnswer::pass) {
    out.text = fmt::format("{} (score {:.2f} of {:.2f})", filter::name_of(reply.action),
                           reply.score, reply.required_score);
  }
  if (out.answer == FilterAnswer::defer) {
    out.refusal = {451, "4.7.1", reply.message.empty() ? "Try again later" : reply.message};
  } else if (out.answer == FilterAnswer::reject) {
    out.refusal = {550, "5.7.1", reply.message.empty() ? "Spam message rejected" : reply.message};
  }
  const bool is_spam = out.answer != FilterAnswer::pass && out.answer != FilterAnswer::defer;
  if (settings.adds_headers && (is_spam || !reply.is_skipped)) {
    add_spam_fields(reply, is_spam, out);
  }
  add_changes(reply, out);
  if (reply.action == filter::RspamdAction::rewrite_subject && settings.rewrites_subject &&
      !reply.subject.empty()) {
    HeaderChange change;
    change.kind = HeaderChange::Kind::replace;
    change.name = "Subject";
    change.which = 1;
    // Newer versions put the old one in, older ones leave the place.
    change.value = " " + replaced(reply.subject, "%s", subject_of(subject.header));
    out.changes.push_back(std::move(change));
  }
  return out;
}

}  // namespace

engine::Task<FilterFinding> look_by_rspamd(engine::Reactor& reactor, const FilterSettings& settings,
                                           FilterSubject& subject) {
  const engine::Until until{reactor.now() + settings.timeout, {}};
  auto stream = co_await connect_filter(reactor, settings, until);
  if (!stream) {
    co_return unavailable(std::move(stream.error()));
  }
  const auto response = co_await exchange(**stream, subject, until);
  if (!response) {
    co_return unavailable(response.error());
  }
  if (response->status != 200) {
    co_return unavailable(fmt::format("it answers with HTTP {}: {}", response->status,
                                      quoted_for_log(response->body, 120)));
  }
  const auto reply = filter::parse_rspamd_reply(response->body);
  if (!reply) {
    co_return unavailable(reply.error());
  }
  co_return finding_of(*reply, settings, subject);
}

}  // namespace postrider::flow
