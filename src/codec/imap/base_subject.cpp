#include <postrider/base/text.hpp>
#include <postrider/codec/imap/base_subject.hpp>

namespace postrider::imap {
namespace {

// Blanks and tabs in a row are one blank.
std::string with_single_blanks(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool blank = is_wsp(c) || c == '\r' || c == '\n';
    if (!blank) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  return out;
}

// subj-blob: "[" *BLOBCHAR "]" *WSP. Its length; 0: none.
std::size_t blob_length(std::string_view text) {
  if (!text.starts_with('[')) {
    return 0;
  }
  std::size_t end = text.find_first_of("[]", 1);
  if (end == text.npos || text[end] != ']') {
    return 0;
  }
  ++end;
  while (end < text.size() && text[end] == ' ') {
    ++end;
  }
  return end;
}

// subj-refwd: ("re" / ("fw" ["d"])) *WSP [subj-blob] ":". Its length; 0: none.
std::size_t refwd_length(std::string_view text) {
  std::size_t at = 0;
  if (starts_with_ignoring_case(text, "re") || starts_with_ignoring_case(text, "fw")) {
    at = starts_with_ignoring_case(text, "fwd") ? 3 : 2;
  } else {
    return 0;
  }
  while (at < text.size() && text[at] == ' ') {
    ++at;
  }
  at += blob_length(text.substr(at));
  return at < text.size() && text[at] == ':' ? at + 1 : 0;
}

void take_trailers(std::string_view& text, bool& is_reply) {
  while (true) {
    if (text.ends_with(' ')) {
      text.remove_suffix(1);
    } else if (text.size() >= 5 && equals_ignoring_case(text.substr(text.size() - 5), "(fwd)")) {
      text.remove_suffix(5);
      is_reply = true;
    } else {
      return;
    }
  }
}

// subj-leader: (*subj-blob subj-refwd) / WSP. The blobs before a refwd are looked at once: whoever
// finds none behind them takes the first off, as a blob (step 4), or stops.
void take_leaders(std::string_view& text, bool& is_reply) {
  while (true) {
    if (text.starts_with(' ')) {
      text.remove_prefix(1);
      continue;
    }
    std::size_t blobs = 0;
    std::size_t last = 0;  // where the last blob begins
    for (std::size_t length = 0; (length = blob_length(text.substr(blobs))) > 0;) {
      last = blobs;
      blobs += length;
    }
    if (const std::size_t refwd = refwd_length(text.substr(blobs)); refwd > 0) {
      text.remove_prefix(blobs + refwd);
      is_reply = true;
      continue;
    }
    // Step 4: blobs go as long as something is left.
    text.remove_prefix(blobs == text.size() ? last : blobs);
    return;
  }
}

}  // namespace

BaseSubject base_subject(std::string_view subject) {
  BaseSubject out;
  const std::string single = with_single_blanks(subject);
  std::string_view text = single;
  while (true) {
    take_trailers(text, out.is_reply);
    take_leaders(text, out.is_reply);
    // Step 6: "[fwd:" ... "]" around it all.
    if (!starts_with_ignoring_case(text, "[fwd:") || !text.ends_with(']')) {
      break;
    }
    text = text.substr(5, text.size() - 6);
    out.is_reply = true;
  }
  out.text = text;
  return out;
}

}  // namespace postrider::imap
