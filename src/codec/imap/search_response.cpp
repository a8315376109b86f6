#include <postrider/codec/imap/response.hpp>
#include <postrider/codec/imap/search_response.hpp>

namespace postrider::imap {
namespace {

void append_modseq(std::optional<std::uint64_t> modseq, std::string& out) {
  if (modseq) {
    out += " (MODSEQ ";
    encode_number(*modseq, out);
    out += ')';
  }
}

void append_list(std::string_view what, std::span<const std::uint32_t> numbers,
                 std::optional<std::uint64_t> modseq, std::string& out) {
  out += what;
  for (const std::uint32_t number : numbers) {
    out += ' ';
    encode_number(number, out);
  }
  append_modseq(modseq, out);
  out += "\r\n";
}

void append_item(std::string_view name, std::optional<std::uint32_t> number, std::string& out) {
  if (number) {
    out.append(" ").append(name).append(" ");
    encode_number(*number, out);
  }
}

// RFC 5256 5: a thread is a chain while it does not branch; each branch stands in parentheses.
void append_thread(const ThreadForest& threads, std::uint32_t root, std::string& out) {
  constexpr std::uint32_t none = ThreadForest::none;
  std::vector<std::uint32_t> open;  // the siblings that come after each parenthesis; none: the last
  std::uint32_t at = root;
  out += '(';
  open.push_back(none);
  while (true) {
    const ThreadForest::Node& node = threads.nodes[at];
    if (node.number != 0) {
      out += out.back() == '(' ? "" : " ";
      encode_number(node.number, out);
    }
    const std::uint32_t child = node.first_child;
    if (child != none && threads.nodes[child].next_sibling == none) {
      at = child;
      continue;
    }
    if (child != none) {
      out += out.back() == '(' ? "(" : " (";
      open.push_back(threads.nodes[child].next_sibling);
      at = child;
      continue;
    }
    while (!open.empty() && open.back() == none) {
      out += ')';
      open.pop_back();
    }
    if (open.empty()) {
      return;
    }
    at = open.back();
    open.back() = threads.nodes[at].next_sibling;
    out += ")(";
  }
}

}  // namespace

void encode_search(std::span<const std::uint32_t> numbers, std::optional<std::uint64_t> modseq,
                   std::string& out) {
  append_list("* SEARCH", numbers, modseq, out);
}

void encode_sort(std::span<const std::uint32_t> numbers, std::optional<std::uint64_t> modseq,
                 std::string& out) {
  append_list("* SORT", numbers, modseq, out);
}

void encode_thread(const ThreadForest& threads, std::string& out) {
  out += "* THREAD";
  out += threads.first_root == ThreadForest::none ? "" : " ";
  for (std::uint32_t root = threads.first_root; root != ThreadForest::none;
       root = threads.nodes[root].next_sibling) {
    append_thread(threads, root, out);
  }
  out += "\r\n";
}

void encode_esearch(const EsearchResult& result, NameForm form, std::string& out) {
  out += "* ESEARCH (TAG ";
  encode_string(result.tag, out);
  if (result.mailbox) {
    out += " MAILBOX ";
    encode_mailbox(*result.mailbox, form, out);
    out += " UIDVALIDITY ";
    encode_number(result.uid_validity, out);
  }
  out += ')';
  out += result.uid ? " UID" : "";
  append_item("MIN", result.min, out);
  append_item("MAX", result.max, out);
  append_item("COUNT", result.count, out);
  if (result.all && !result.all->empty()) {
    out += " ALL ";
    encode_runs(*result.all, out);
  }
  if (result.partial) {
    const std::string_view sign = result.partial->from_end ? "-" : "";
    out.append(" PARTIAL (").append(sign);
    encode_number(result.partial->first, out);
    out.append(":").append(sign);
    encode_number(result.partial->last, out);
    out += ' ';
    if (result.partial_numbers.empty()) {
      out += "NIL";
    } else {
      encode_runs(result.partial_numbers, out);
    }
    out += ')';
  }
  if (result.modseq) {
    out += " MODSEQ ";
    encode_number(*result.modseq, out);
  }
  if (result.relevancy) {
    out += " RELEVANCY (";
    for (const std::uint8_t score : *result.relevancy) {
      out += out.back() == '(' ? "" : " ";
      encode_number(score, out);
    }
    out += ')';
  }
  out += "\r\n";
}

void encode_vanished(std::span<const NumberRun> uids, bool earlier, std::string& out) {
  if (uids.empty()) {
    return;
  }
  out += earlier ? "* VANISHED (EARLIER) " : "* VANISHED ";
  encode_runs(uids, out);
  out += "\r\n";
}

void encode_uid_batches(std::string_view tag, std::span<const NumberRun> batches,
                        std::string& out) {
  out += "* UIDBATCHES (TAG ";
  encode_string(tag, out);
  out += ')';
  out += batches.empty() ? "" : " ";
  encode_runs(batches, out);
  out += "\r\n";
}

}  // namespace postrider::imap
