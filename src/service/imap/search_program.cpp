#include "search_program.hpp"

#include "mailbox_names.hpp"
#include "sequences.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/codec/imap/searchable_text.hpp>
#include <postrider/codec/mime/address.hpp>
#include <postrider/codec/mime/date.hpp>
#include <postrider/codec/mime/encoded_word.hpp>
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

// Addresses as ENVELOPE has them, where comments or blanks stand within them: FROM, TO, CC and BCC
// look there (RFC 9051 6.4.4). Empty: they stand so in the field.
std::string plain_addresses(const mime::HeaderField& field) {
  constexpr std::array<std::string_view, 4> of_envelope = {"From", "To", "Cc", "Bcc"};
  const bool is_one = std::ranges::any_of(of_envelope, [&field](std::string_view name) {
    return equals_ignoring_case(field.name, name);
  });
  const bool is_plain =
      !field.value.contains('(') && !field.value.contains(" @") && !field.value.contains("@ ");
  const auto list =
      is_one && !is_plain ? mime::parse_address_list(field.value) : failure(mime::AddressError{});
  std::string out;
  for (const mime::Mailbox& mailbox : list ? mime::flatten(*list) : std::vector<mime::Mailbox>()) {
    out += mime::decode_words(mailbox.name()) + " <" + mailbox.addr_spec() + ">, ";
  }
  return out;
}

}  // namespace

SearchProgram SearchProgram::make(const SearchKey& key, const SelectedMailbox& selected,
                                  WallTime now) {
  SearchProgram program;
  program.now_ = now;
  program.build(key, selected, false, program.root_);
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

void SearchProgram::build_text(const SearchKey& key, bool fuzzy, Node& out) {
  using Where = flow::TextQuestion::Where;
  needs_header_ |= key.kind != SearchKind::body;
  needs_whole_header_ |=
      key.kind == SearchKind::text || (key.kind == SearchKind::header && !is_at_hand(key.name));
  out.needle.emplace(key.text);
  if (fuzzy) {
    out.fuzzy.emplace(key.text);
    if (out.fuzzy->words().empty()) {
      out.fuzzy.reset();  // there is no word in it: it is looked for as it is
    }
  }
  if (words_of_needle(key.text).words.empty()) {
    return;  // an index of words knows nothing of it
  }
  out.question = questions_.size();
  questions_.push_back({.where = key.kind == SearchKind::body     ? Where::body
                                 : key.kind == SearchKind::header ? Where::header
                                                                  : Where::any,
                        .text = key.text,
                        .is_fuzzy = out.fuzzy.has_value()});
}

void SearchProgram::build(const SearchKey& key, const SelectedMailbox& selected, bool fuzzy,
                          Node& out) {
  fuzzy |= key.fuzzy;
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
      if (!numbers && selected.count() > 0) {
        numbers = intersect(resolve(key.set, selected.count()), {{1, selected.count()}});
      }
      out.numbers = std::move(numbers).value_or(std::vector<NumberRun>());
      return;
    }
    case SearchKind::header:
    case SearchKind::text:
    case SearchKind::body:
      build_text(key, fuzzy, out);
      return;
    case SearchKind::sent_before:
    case SearchKind::sent_on:
    case SearchKind::sent_since:
      needs_header_ = true;
      return;
    default:
      break;
  }
  out.nodes.resize(key.keys.size());
  for (std::size_t i = 0; i < key.keys.size(); ++i) {
    build(key.keys[i], selected, fuzzy, out.nodes[i]);
  }
}

// search_depth_max bounds the recursion.
Truth SearchProgram::judge(const Node& node, const SearchSubject& subject,
                           const SelectedMailbox& selected) const {
  switch (node.kind) {
    case SearchKind::all:
    case SearchKind::save_date_supported:
      return Truth::yes;
    case SearchKind::recent:
      return truth(selected.is_recent(subject.message.uid));
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
      // RFC 9051 6.4.4: whatever its time and zone.
      return truth(is_about_day(
          node.kind, day_of(facts.internal_date + std::chrono::minutes(facts.zone_minutes)),
          node.date));
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

Truth SearchProgram::judge_indexed(const Node& node, const SearchSubject& subject) const {
  const bool is_known = node.question && *node.question < answers_.answers.size() &&
                        answers_.known.contains(subject.message.uid);
  if (!is_known) {
    return Truth::unknown;
  }
  const flow::TextAnswer& answer = answers_.answers[*node.question];
  if (!answer.found.contains(subject.message.uid)) {
    return Truth::no;
  }
  return answer.is_exact ? Truth::yes : Truth::unknown;
}

Truth SearchProgram::judge_header(const Node& node, const SearchSubject& subject) const {
  if (const Truth indexed = judge_indexed(node, subject); indexed != Truth::unknown) {
    return indexed;
  }
  const bool is_enough = subject.header && (subject.is_header_whole || is_at_hand(node.name));
  if (!is_enough) {
    return Truth::unknown;
  }
  if (node.fuzzy) {
    return truth(score_of_header(node, subject) > 0);
  }
  const auto section = mime::scan_header(*subject.header);
  if (!section) {
    return Truth::no;
  }
  return truth(std::ranges::any_of(section->fields(), [&node](const mime::HeaderField& field) {
    return equals_ignoring_case(field.name, node.name) &&
           (node.text.empty() || node.needle->is_in(decoded_field(mime::unfold(field.value))) ||
            node.needle->is_in(plain_addresses(field)));
  }));
}

std::uint8_t SearchProgram::score_of_header(const Node& node, const SearchSubject& subject) {
  const auto section = mime::scan_header(*subject.header);
  std::uint8_t best = 0;
  for (const mime::HeaderField& field :
       section ? section->fields() : std::span<const mime::HeaderField>()) {
    if (equals_ignoring_case(field.name, node.name)) {
      WordCounts counts;
      count_words(decoded_field(mime::unfold(field.value)), counts);
      best = std::max(best, node.fuzzy->score({&counts, 1}));
    }
  }
  return best;
}

// Words of the header and of the bodies are counted apart, as an index does.
std::uint8_t SearchProgram::score_of_text(const Node& node, const SearchSubject& subject) {
  std::vector<WordCounts> counts(2);
  for (const std::string& text : *subject.texts) {
    count_words(text, counts.front());
  }
  if (node.kind == SearchKind::text && subject.header) {
    if (const auto section = mime::scan_header(*subject.header)) {
      for (const mime::HeaderField& field : section->fields()) {
        count_words(searchable_field(field), counts.back());
      }
    }
  }
  return node.fuzzy->score(counts);
}

std::uint8_t SearchProgram::score(const Node& node, const SearchSubject& subject) const {
  if (judge_indexed(node, subject) == Truth::yes) {
    const flow::TextAnswer& answer = answers_.answers[*node.question];
    const std::uint32_t place = answer.found.count_below(subject.message.uid);
    return place < answer.scores.size() ? answer.scores[place] : 0;
  }
  if (node.kind == SearchKind::header) {
    const bool is_enough = subject.header && (subject.is_header_whole || is_at_hand(node.name));
    return is_enough ? score_of_header(node, subject) : 0;
  }
  return subject.texts ? score_of_text(node, subject) : 0;
}

// search_depth_max bounds the recursion. What must not be there tells nothing.
void SearchProgram::add_scores(const Node& node, const SearchSubject& subject,
                               std::vector<std::uint8_t>& out) const {
  if (node.fuzzy) {
    if (const std::uint8_t one = score(node, subject); one > 0) {
      out.push_back(one);
    }
  } else if (node.kind == SearchKind::all_of || node.kind == SearchKind::any_of) {
    for (const Node& inner : node.nodes) {
      add_scores(inner, subject, out);
    }
  }
}

std::uint8_t SearchProgram::relevance(const SearchSubject& subject) const {
  constexpr unsigned full = 100;  // nothing was looked for that could fit less well
  std::vector<std::uint8_t> scores;
  add_scores(root_, subject, scores);
  unsigned sum = 0;
  for (const std::uint8_t one : scores) {
    sum += one;
  }
  return static_cast<std::uint8_t>(scores.empty() ? full : sum / scores.size());
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

Truth SearchProgram::judge_text(const Node& node, const SearchSubject& subject) const {
  if (const Truth indexed = judge_indexed(node, subject); indexed != Truth::unknown) {
    return indexed;
  }
  if (node.fuzzy) {
    return subject.texts ? truth(score_of_text(node, subject) > 0) : Truth::unknown;
  }
  if (node.kind == SearchKind::text && subject.header && subject.is_header_whole) {
    const auto section = mime::scan_header(*subject.header);
    const auto holds = [&node](const mime::HeaderField& field) {
      return node.needle->is_in(searchable_field(field));
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
