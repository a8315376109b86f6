#include <algorithm>
#include <charconv>
#include <iterator>

#include <postrider/base/text.hpp>
#include <postrider/codec/imap/response.hpp>

namespace postrider::imap {
namespace {

// RFC 9051 4.3.1 sets no limit; longer ones are easier on clients as literals.
constexpr std::size_t quoted_octets_max = 1024;

bool is_quotable(std::string_view text, bool utf8) {
  return text.size() <= quoted_octets_max && (utf8 || is_ascii(text)) &&
         text.find_first_of(std::string_view("\r\n\0", 3)) == text.npos;
}

void append_quoted(std::string_view text, std::string& out) {
  out += '"';
  for (std::size_t end = 0; (end = text.find_first_of("\"\\")) != text.npos;) {
    out.append(text.substr(0, end)).append(1, '\\').append(1, text[end]);
    text.remove_prefix(end + 1);
  }
  out.append(text).append(1, '"');
}

bool is_atom(std::string_view text) {
  return !text.empty() && !equals_ignoring_case(text, "NIL") &&
         std::ranges::all_of(text, [](char c) {
           return c > 0x20 && c < 0x7F &&
                  std::string_view("(){%*\"\\]").find(c) == std::string_view::npos;
         });
}

void append_separator(std::string& out) {
  out.append("\"").append(1, hierarchy_separator).append("\"");
}

struct StatusName {
  StatusItem item;
  std::string_view name;
};
constexpr StatusName status_names[] = {
    {StatusItem::messages, "MESSAGES"},
    {StatusItem::uid_next, "UIDNEXT"},
    {StatusItem::uid_validity, "UIDVALIDITY"},
    {StatusItem::unseen, "UNSEEN"},
    {StatusItem::deleted, "DELETED"},
    {StatusItem::size, "SIZE"},
    {StatusItem::recent, "RECENT"},
    {StatusItem::highest_modseq, "HIGHESTMODSEQ"},
    {StatusItem::append_limit, "APPENDLIMIT"},
    {StatusItem::mailbox_id, "MAILBOXID"},
    {StatusItem::deleted_storage, "DELETED-STORAGE"},
};

void append_namespace(const std::vector<std::string>& prefixes, NameForm form, std::string& out) {
  if (prefixes.empty()) {
    out += "NIL";
    return;
  }
  out += '(';
  for (const std::string& prefix : prefixes) {
    out += '(';
    encode_string(form == NameForm::utf8 ? prefix : encode_modified_utf7(prefix), out);
    out += ' ';
    append_separator(out);
    out += ')';
  }
  out += ')';
}

}  // namespace

void encode_astring(std::string_view text, std::string& out) {
  if (is_atom(text)) {
    out += text;
  } else {
    encode_string(text, out);
  }
}

void encode_literal(std::string_view octets, std::string& out, bool is_binary) {
  out += is_binary && octets.contains('\0') ? "~{" : "{";
  encode_number(octets.size(), out);
  out += "}\r\n";
  out += octets;
}

void encode_string(std::string_view text, std::string& out) {
  if (is_quotable(text, false)) {
    append_quoted(text, out);
  } else {
    encode_literal(text, out);
  }
}

void encode_nstring(const std::optional<std::string_view>& text, std::string& out) {
  if (text) {
    encode_string(*text, out);
  } else {
    out += "NIL";
  }
}

void encode_number(std::uint64_t number, std::string& out) {
  char digits[20];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), number).ptr;
  out.append(digits, end);
}

void encode_mailbox(std::string_view name, NameForm form, std::string& out) {
  const std::string wire = form == NameForm::utf8 ? std::string(name) : encode_modified_utf7(name);
  if (is_atom(wire)) {
    out += wire;
  } else if (is_quotable(wire, form == NameForm::utf8)) {
    append_quoted(wire, out);
  } else {
    encode_literal(wire, out);
  }
}

void encode_numbered(std::uint64_t number, std::string_view what, std::string& out) {
  out += "* ";
  encode_number(number, out);
  out.append(" ").append(what).append("\r\n");
}

void encode_flags_response(const Flags& flags, std::string& out) {
  out += "* FLAGS (";
  encode_flags(flags, out);
  out += ")\r\n";
}

void encode_permanent_flags(const Flags& flags, bool may_create, std::string& out) {
  out += "* OK [PERMANENTFLAGS (";
  const std::size_t begin = out.size();
  encode_flags(flags, out);
  if (may_create) {
    out += out.size() == begin ? "\\*" : " \\*";
  }
  out += ")] Flags that stay\r\n";
}

void encode_list(const ListedMailbox& mailbox, ListForm which, NameForm form, std::string& out) {
  out += which == ListForm::list ? "* LIST (" : "* LSUB (";
  const std::size_t begin = out.size();
  const auto attribute = [&out, begin](bool holds, std::string_view name) {
    if (holds) {
      out += out.size() == begin ? "" : " ";
      out += name;
    }
  };
  attribute(mailbox.nonexistent, "\\NonExistent");
  attribute(mailbox.noselect, "\\Noselect");
  attribute(mailbox.noinferiors, "\\NoInferiors");
  attribute(mailbox.subscribed, "\\Subscribed");
  attribute(mailbox.has_children.has_value(),
            mailbox.has_children.value_or(false) ? "\\HasChildren" : "\\HasNoChildren");
  attribute(mailbox.special_use != SpecialUse::none, name_of(mailbox.special_use));
  out += ") ";
  append_separator(out);
  out += ' ';
  encode_mailbox(mailbox.name, form, out);
  if (!mailbox.child_info.empty()) {
    out += " (\"CHILDINFO\" (";
    for (const std::string& option : mailbox.child_info) {
      out += &option == &mailbox.child_info.front() ? "" : " ";
      append_quoted(option, out);
    }
    out += "))";
  }
  if (mailbox.old_name) {
    out += " (\"OLDNAME\" (";
    encode_mailbox(*mailbox.old_name, form, out);
    out += "))";
  }
  out += "\r\n";
}

void encode_status_response(std::string_view mailbox, NameForm form,
                            std::span<const StatusValue> values, std::string& out) {
  out += "* STATUS ";
  encode_mailbox(mailbox, form, out);
  out += " (";
  bool first = true;
  for (const StatusValue& value : values) {
    out += first ? "" : " ";
    first = false;
    out += std::ranges::find(status_names, value.item, &StatusName::item)->name;
    out += ' ';
    if (value.item == StatusItem::mailbox_id) {
      out.append("(").append(value.object).append(")");
    } else {
      encode_number(value.number, out);
    }
  }
  out += ")\r\n";
}

void encode_namespaces(const Namespaces& namespaces, NameForm form, std::string& out) {
  out += "* NAMESPACE ";
  append_namespace(namespaces.personal, form, out);
  out += ' ';
  append_namespace(namespaces.other_users, form, out);
  out += ' ';
  append_namespace(namespaces.shared, form, out);
  out += "\r\n";
}

void encode_quota(std::string_view root, std::span<const QuotaResource> resources,
                  std::string& out) {
  out += "* QUOTA ";
  encode_string(root, out);
  out += " (";
  bool first = true;
  for (const QuotaResource& resource : resources) {
    out += first ? "" : " ";
    first = false;
    out += resource.name;
    out += ' ';
    encode_number(resource.usage, out);
    out += ' ';
    encode_number(resource.limit, out);
  }
  out += ")\r\n";
}

void encode_quota_root(std::string_view mailbox, NameForm form, std::span<const std::string> roots,
                       std::string& out) {
  out += "* QUOTAROOT ";
  encode_mailbox(mailbox, form, out);
  for (const std::string& root : roots) {
    out += ' ';
    encode_string(root, out);
  }
  out += "\r\n";
}

void encode_acl(std::string_view mailbox, NameForm form,
                std::span<const std::pair<std::string, std::string>> rights, std::string& out) {
  out += "* ACL ";
  encode_mailbox(mailbox, form, out);
  for (const auto& [identifier, letters] : rights) {
    out += ' ';
    encode_astring(identifier, out);
    out += ' ';
    encode_astring(letters, out);
  }
  out += "\r\n";
}

void encode_list_rights(std::string_view mailbox, NameForm form, std::string_view identifier,
                        std::string_view required, std::span<const std::string> optional,
                        std::string& out) {
  out += "* LISTRIGHTS ";
  encode_mailbox(mailbox, form, out);
  out += ' ';
  encode_astring(identifier, out);
  out += ' ';
  encode_astring(required, out);
  for (const std::string& right : optional) {
    out += ' ';
    encode_astring(right, out);
  }
  out += "\r\n";
}

void encode_my_rights(std::string_view mailbox, NameForm form, std::string_view rights,
                      std::string& out) {
  out += "* MYRIGHTS ";
  encode_mailbox(mailbox, form, out);
  out += ' ';
  encode_astring(rights, out);
  out += "\r\n";
}

void encode_metadata(std::string_view mailbox, NameForm form,
                     std::span<const std::pair<std::string, std::optional<std::string>>> entries,
                     std::string& out) {
  out += "* METADATA ";
  encode_mailbox(mailbox, form, out);
  out += " (";
  bool first = true;
  for (const auto& [name, value] : entries) {
    out += first ? "" : " ";
    first = false;
    encode_astring(name, out);
    out += ' ';
    if (value && value->contains('\0')) {
      encode_literal(*value, out, true);
    } else {
      encode_nstring(value, out);
    }
  }
  out += ")\r\n";
}

void encode_metadata_changes(std::string_view mailbox, NameForm form,
                             std::span<const std::string> entries, std::string& out) {
  out += "* METADATA ";
  encode_mailbox(mailbox, form, out);
  for (const std::string& name : entries) {
    out += ' ';
    encode_astring(name, out);
  }
  out += "\r\n";
}

}  // namespace postrider::imap
