#include "search_program.hpp"

#include "mailbox_names.hpp"
#include "sequences.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/codec/mime/date.hpp>
#include <postrider/codec/mime/header.hpp>
#include <postrider/flow/rendered_mail.hpp>

namespace postrider::imap {
namespace {

using Truth = SearchProgram::Truth;

Truth truth(bool yes) {
  return yes ? Truth::yes : Truth::no;
}

std::chrono::sys_days day_of(WallTime time) {
  return std::chrono::floor<std::chrono::days>(time);
}

// Fields that one copy alone has stand in front of what is listed.
bool is_at_hand(std::string_view name) {
  return flow::is_listed_field(name) || equals_ignoring_case(name, "Return-Path") ||
         equals_ignoring_case(name, "Delivered-To") || equals_ignoring_case(name, "X-Original-To");
}

bool is_about_day(SearchKind kind, std::chrono::sys_days day, std::chrono::sys_days wanted) {
  switch (kind) {
    case SearchKind::before:
    case SearchKind::sent_before:
    case SearchKind::saved_before:
      return day < wanted;
    case SearchKind::on:
    case SearchKind::sent_on:
    case SearchKind::saved_on:
      return day == wanted;
    default:
      return day >= wanted;
  }
}

}  // namespace

std::optional<SearchProgram> SearchProgram::make(const SearchKey& key,
                                                 const SelectedMailbox& selected, Making how) {
  SearchProgram program;
  program.now_ = how.now;
  program.clips_numbers_ = how.clips_numbers;
  if (!program.build(key, selected, program.root_)) {
    return std::nullopt;
  }
  if (selected.count() > 0) {
    program.candidates_ = {{1, selected.count()}};
  }
  // What all must be in bounds the search.
  const Node& root = program.root_;
  const std::vector<Node> itself{root};
  for (const Node& node : root.kind == SearchKind::all_of ? root.nodes : itself) {
    if (node.kind == SearchKind::sequence || node.kind == SearchKind::uid) {
      program.candidates_ = intersect(program.candidates_, node.numbers);
    }
  }
  return program;
}

bool SearchProgram::build(const SearchKey& key, const SelectedMailbox& selected, Node& out) {
  out.kind = key.kind;
  out.flag = key.flag;
  out.name = key.name;
  out.text = key.text;
  out.number = key.number;
  out.date = key.date;
  switch (key.kind) {
    case SearchKind::sequence:
    case SearchKind::uid: {
      auto numbers = selected.find(key.set, key.kind == SearchKind::uid);
      if (!numbers && clips_numbers_ && selected.count() > 0) {
        numbers = intersect(resolve(key.set, selected.count()), {{1, selected.count()}});
      }
      if (!numbers && selected.count() > 0) {
        return false;
      }
      out.numbers = std::move(numbers).value_or(std::vector<NumberRun>());
      return true;
    }
    case SearchKind::header:
      needs_whole_header_ |= !is_at_hand(key.name);
      out.needle.emplace(key.text);
      return true;
    case SearchKind::text:
      needs_whole_header_ = true;
      out.needle.emplace(key.text);
      return true;
    case SearchKind::body:
      out.needle.emplace(key.text);
      return true;
    default:
      break;
  }
  out.nodes.resize(key.keys.size());
  for (std::size_t i = 0; i < key.keys.size(); ++i) {
    if (!build(key.keys[i], selected, out.nodes[i])) {
      return false;
    }
  }
  return true;
}

// search_depth_max bounds the recursion.
Truth SearchProgram::judge(const Node& node, const SearchSubject& subject,
                           const SelectedMailbox& selected) const {
  switch (node.kind) {
    case SearchKind::all:
    case SearchKind::save_date_supported:
      return Truth::yes;
    case SearchKind::recent:
      return Truth::no;
    case SearchKind::sequence:
    case SearchKind::uid:
      return truth(contains(node.numbers, subject.message.number));
    case SearchKind::none_of: {
      const Truth inner = judge(node.nodes.front(), subject, selected);
      return inner == Truth::unknown ? inner : truth(inner == Truth::no);
    }
    case SearchKind::all_of:
    case SearchKind::any_of: {
      const Truth decides = node.kind == SearchKind::all_of ? Truth::no : Truth::yes;
      bool is_open = false;
      for (const Node& inner : node.nodes) {
        const Truth one = judge(inner, subject, selected);
        if (one == decides) {
          return one;
        }
        is_open |= one == Truth::unknown;
      }
      return is_open ? Truth::unknown : truth(decides == Truth::no);
    }
    case SearchKind::has_flag:
      return judge_flag(node, subject, selected);
    case SearchKind::header:
      return judge_header(node, subject);
    case SearchKind::sent_before:
    case SearchKind::sent_on:
    case SearchKind::sent_since:
      return judge_sent(node, subject);
    case SearchKind::body:
    case SearchKind::text:
      return judge_text(node, subject);
    default:
      return subject.facts == nullptr ? Truth::unknown : judge_facts(node, *subject.facts);
  }
}

// \Seen and \Deleted are known without a look at the message.
Truth SearchProgram::judge_flag(const Node& node, const SearchSubject& subject,
                                const SelectedMailbox& selected) {
  if (subject.facts != nullptr) {
    return truth((subject.facts->flags.system & node.flag) != 0);
  }
  const SharedMailbox& shared = selected.shared();
  if (!shared.uids()->contains(subject.message.uid)) {
    return Truth::unknown;  // gone, and not told yet: it has the flags it had
  }
  if (node.flag == store::SystemFlag::seen) {
    return truth(shared.seen().contains(subject.message.uid));
  }
  if (node.flag == store::SystemFlag::deleted && shared.deleted()) {
    return truth(shared.deleted()->contains(subject.message.uid));
  }
  return Truth::unknown;
}

Truth SearchProgram::judge_facts(const Node& node, const store::MailFacts& facts) const {
  switch (node.kind) {
    case SearchKind::keyword:
      return truth(std::ranges::any_of(facts.flags.keywords, [&node](const std::string& keyword) {
        return equals_ignoring_case(keyword, node.text);
      }));
    case SearchKind::before:
    case SearchKind::on:
    case SearchKind::since:
      return truth(is_about_day(node.kind, day_of(facts.internal_date), node.date));
    case SearchKind::saved_before:
    case SearchKind::saved_on:
    case SearchKind::saved_since:
      return truth(is_about_day(node.kind, day_of(facts.saved), node.date));
    case SearchKind::larger:
      return truth(facts.size_bytes() > node.number);
    case SearchKind::smaller:
      return truth(facts.size_bytes() < node.number);
    // RFC 5032 2: the edge belongs to both.
    case SearchKind::older:
      return truth(unix_seconds(facts.internal_date) + static_cast<std::int64_t>(node.number) <=
                   unix_seconds(now_));
    case SearchKind::younger:
      return truth(unix_seconds(facts.internal_date) + static_cast<std::int64_t>(node.number) >=
                   unix_seconds(now_));
    case SearchKind::modseq:
      return truth(facts.modseq >= node.number);
    case SearchKind::email_id:
      return truth(node.text == email_object_id(facts.email));
    case SearchKind::thread_id:
      return truth(node.text == thread_object_id(facts.thread));
    default:
      return Truth::no;
  }
}

Truth SearchProgram::judge_header(const Node& node, const SearchSubject& subject) {
  const bool is_enough = subject.header && (subject.is_header_whole || is_at_hand(node.name));
  if (!is_enough) {
    return Truth::unknown;
  }
  const auto section = mime::scan_header(*subject.header);
  if (!section) {
    return Truth::no;
  }
  return truth(std::ranges::any_of(section->fields(), [&node](const mime::HeaderField& field) {
    return equals_ignoring_case(field.name, node.name) &&
           (node.text.empty() || node.needle->is_in(decoded_field(mime::unfold(field.value))));
  }));
}

// RFC 9051 6.4.4: the day as it was written, whatever the zone.
Truth SearchProgram::judge_sent(const Node& node, const SearchSubject& subject) {
  if (!subject.header) {
    return Truth::unknown;
  }
  const auto section = mime::scan_header(*subject.header);
  const mime::HeaderField* field = section ? section->find("Date") : nullptr;
  const auto date = field == nullptr ? std::nullopt : mime::parse_date(mime::unfold(field->value));
  return truth(date && is_about_day(node.kind, day_of(date->time + date->offset), node.date));
}

Truth SearchProgram::judge_text(const Node& node, const SearchSubject& subject) {
  if (node.kind == SearchKind::text && subject.header && subject.is_header_whole) {
    const auto section = mime::scan_header(*subject.header);
    const auto holds = [&node](const mime::HeaderField& field) {
      return node.needle->is_in(std::string(field.name) + ": " +
                                decoded_field(mime::unfold(field.value)));
    };
    if (section && std::ranges::any_of(section->fields(), holds)) {
      return Truth::yes;
    }
  }
  if (!subject.texts) {
    return Truth::unknown;
  }
  return truth(std::ranges::any_of(
      *subject.texts, [&node](const std::string& text) { return node.needle->is_in(text); }));
}

}  // namespace postrider::imap
