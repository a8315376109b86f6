// Commands, names, sets, dates, subjects: no crash, bounds hold, and what is read comes back the
// same from what is written.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <postrider/base/assert.hpp>
#include <postrider/codec/imap/base_subject.hpp>
#include <postrider/codec/imap/command_parser.hpp>
#include <postrider/codec/imap/date_time.hpp>
#include <postrider/codec/imap/fetch_response.hpp>
#include <postrider/codec/imap/limits.hpp>
#include <postrider/codec/imap/list_pattern.hpp>

using namespace postrider;  // NOLINT: a fuzz target

namespace {

std::size_t depth_of(const imap::SearchKey& key) {
  std::size_t deepest = 0;
  for (const imap::SearchKey& one : key.keys) {
    deepest = std::max(deepest, depth_of(one));
  }
  return deepest + 1;
}

void check_command(const imap::Command& command, imap::NameForm form) {
  check(!command.tag.empty() && command.tag.size() <= imap::tag_octets_max, "a tag");
  if (const auto* search = std::get_if<imap::SearchArguments>(&command.arguments)) {
    // UNSEEN and its like are a negation more.
    check(depth_of(search->key) <= imap::search_depth_max + 3, "a search past its depth");
  }
  if (const auto* fetch = std::get_if<imap::FetchArguments>(&command.arguments)) {
    for (const imap::FetchItem& item : fetch->items) {
      std::string name;
      imap::encode_item_name(item, name);
      if (name.empty() || name.starts_with("RFC822")) {
        continue;
      }
      // The origin octet alone is in a response; a request wants the count too.
      std::string text = "a FETCH 1 " + name;
      if (item.partial) {
        text.pop_back();
        text += '.' + std::to_string(item.partial->octets) + '>';
      }
      const auto again = imap::parse_command(text, form);
      check(again.has_value(), "an item's name is not read");
      imap::FetchItem wanted = item;
      wanted.peek = false;
      check(std::get<imap::FetchArguments>(again->arguments).items.front() == wanted,
            "an item does not come back");
    }
  }
  if (const auto* mailbox = std::get_if<imap::MailboxArguments>(&command.arguments)) {
    check(imap::canonical_mailbox_name(mailbox->mailbox) == mailbox->mailbox,
          "a name that is not canonical");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto form : {imap::NameForm::utf8, imap::NameForm::modified_utf7}) {
    if (const auto command = imap::parse_command(text, form)) {
      check_command(*command, form);
    } else {
      check(!command.error().text.empty(), "an error without a text");
    }
    const auto head = imap::parse_command_head(text);
    const auto verb = imap::parse_verb(head.name, head.uid);
    if (verb == imap::Verb::append || verb == imap::Verb::replace) {
      imap::AppendParser append(form);
      (void)append.feed(text, false);
    }
  }
  if (const auto name = imap::decode_modified_utf7(text)) {
    check(imap::encode_modified_utf7(*name) == text, "a name has two spellings");
  }
  if (const auto set = imap::parse_sequence_set(text)) {
    check(imap::parse_sequence_set(imap::encode_sequence_set(*set)) == set, "a set");
  }
  if (const auto time = imap::parse_date_time(text)) {
    check(imap::parse_date_time(imap::encode_date_time(*time)) == time, "a date");
  }
  const auto base = imap::base_subject(text);
  check(imap::base_subject(base.text).text == base.text, "a base subject has none of its own");
  const std::size_t half = size / 2;
  (void)imap::ListPattern(text.substr(0, half)).matches(text.substr(half));
  return 0;
}
