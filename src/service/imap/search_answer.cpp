#include "search_answer.hpp"

#include <algorithm>
#include <utility>

#include <postrider/codec/imap/search_response.hpp>

namespace postrider::imap {
namespace {

std::vector<std::uint32_t> numbers_of(const std::vector<FoundMessage>& found, bool uid) {
  std::vector<std::uint32_t> out;
  out.reserve(found.size());
  for (const FoundMessage& one : found) {
    out.push_back(uid ? one.message.uid : one.message.number);
  }
  return out;
}

// RFC 9394 3.1: places in the result, from its beginning or its end.
std::vector<FoundMessage> part_of(const std::vector<FoundMessage>& found,
                                  const PartialRange& range) {
  if (range.first > found.size()) {
    return {};
  }
  const auto last = std::min<std::size_t>(range.last, found.size());
  const auto at = [&found](std::size_t place) {
    return found.begin() + static_cast<std::ptrdiff_t>(place);
  };
  if (range.from_end) {
    return {at(found.size() - last), at(found.size() - range.first + 1)};
  }
  return {at(range.first - 1), at(last)};
}

// RFC 7162 3.1.5: of what is told.
std::optional<std::uint64_t> highest_modseq(const std::vector<FoundMessage>& told) {
  store::ModSeq highest = 0;
  for (const FoundMessage& one : told) {
    highest = std::max(highest, one.modseq);
  }
  return highest == 0 ? std::nullopt : std::optional<std::uint64_t>(highest);
}

std::vector<std::uint8_t> relevancy_of(const std::vector<FoundMessage>& found) {
  std::vector<std::uint8_t> out;
  out.reserve(found.size());
  for (const FoundMessage& one : found) {
    out.push_back(one.relevance);
  }
  return out;
}

// RFC 5182 2.1 and 2.4: with MIN or MAX alone, it is that one.
store::UidSet saved_of(const SearchAnswer& answer) {
  const ReturnOptions& options = answer.arguments.options;
  store::UidSet out;
  const bool ends_only =
      (options.min || options.max) && !options.all && !options.count && !options.partial;
  if (answer.found.empty()) {
    return out;
  }
  if (ends_only) {
    if (options.min) {
      out.insert(answer.found.front().message.uid);
    }
    if (options.max) {
      out.insert(answer.found.back().message.uid);
    }
    return out;
  }
  for (const FoundMessage& one :
       options.partial ? part_of(answer.found, *options.partial) : answer.found) {
    out.insert(one.message.uid);
  }
  return out;
}

struct Correlators {
  std::string_view tag;
  std::optional<std::string_view> mailbox;
  std::uint32_t uid_validity = 0;
};
void write_extended(Client& client, const Correlators& whose, const SearchAnswer& answer,
                    bool wants_modseq) {
  ReturnOptions options = answer.arguments.options;
  const bool uid = answer.arguments.uid;
  if (!options.min && !options.max && !options.count && !options.partial && !options.save) {
    options.all = true;  // RFC 4731 3.1
  }
  EsearchResult result{
      .tag = whose.tag, .uid = uid, .mailbox = whose.mailbox, .uid_validity = whose.uid_validity};
  const auto& found = answer.found;
  if (options.count) {
    result.count = static_cast<std::uint32_t>(found.size());
  }
  const auto number = [uid](const FoundMessage& one) {
    return uid ? one.message.uid : one.message.number;
  };
  std::vector<FoundMessage> told;
  if (options.min && !found.empty()) {
    result.min = number(found.front());
    told.push_back(found.front());
  }
  if (options.max && !found.empty()) {
    result.max = number(found.back());
    told.push_back(found.back());
  }
  if (options.all) {
    result.all = runs_of(numbers_of(found, uid));
  }
  if (options.partial) {
    const auto part = part_of(found, *options.partial);
    result.partial = options.partial;
    result.partial_numbers = runs_of(numbers_of(part, uid));
    told.insert(told.end(), part.begin(), part.end());
  }
  if (options.relevancy) {
    result.relevancy =
        relevancy_of(options.partial && !options.all ? part_of(found, *options.partial) : found);
  }
  if (wants_modseq) {
    result.modseq = highest_modseq(options.all || options.count ? found : told);
  }
  encode_esearch(result, client.name_form(), client.out());
}

}  // namespace

bool is_extended(const Client& client, const SearchArguments& arguments) {
  return arguments.options.given || client.session->enabled().imap4rev2;
}

namespace {

// RFC 5182 2.1: nothing else was asked for.
bool saves_only(const ReturnOptions& options) {
  return options.save && !options.min && !options.max && !options.all && !options.count &&
         !options.partial && !options.relevancy;
}

}  // namespace

void write_multisearch_answer(Client& client, std::string_view tag, const SearchAnswer& answer,
                              std::string_view mailbox, std::uint32_t uid_validity) {
  if (answer.arguments.options.save) {
    client.selected->save(saved_of(answer));
  }
  if (!saves_only(answer.arguments.options)) {
    write_extended(client, {.tag = tag, .mailbox = mailbox, .uid_validity = uid_validity}, answer,
                   mentions(answer.arguments.key, SearchKind::modseq));
  }
}

void write_search_answer(Client& client, std::string_view tag, const SearchAnswer& answer) {
  const ReturnOptions& options = answer.arguments.options;
  const bool wants_modseq = mentions(answer.arguments.key, SearchKind::modseq);
  if (options.save) {
    client.selected->save(saved_of(answer));
  }
  if (saves_only(options)) {
    return;
  }
  // SORT has an extended form only where it is asked for (RFC 5267 3).
  if (answer.is_sorted ? options.given : is_extended(client, answer.arguments)) {
    write_extended(client, {.tag = tag}, answer, wants_modseq);
    return;
  }
  const auto numbers = numbers_of(answer.found, answer.arguments.uid);
  const auto modseq = wants_modseq ? highest_modseq(answer.found) : std::nullopt;
  if (answer.is_sorted) {
    encode_sort(numbers, modseq, client.out());
  } else {
    encode_search(numbers, modseq, client.out());
  }
}

}  // namespace postrider::imap
