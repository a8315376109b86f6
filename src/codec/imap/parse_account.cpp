// Commands about the connection and the account: ID, AUTHENTICATE, LOGIN, ENABLE, COMPRESS,
// quotas, access rights, metadata, UIDBATCHES.
#include "command_table.hpp"

#include <algorithm>
#include <utility>

#include <postrider/base/base64.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/imap/limits.hpp>

namespace postrider::imap {
namespace {

std::string to_upper(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
  });
  return out;
}

// RFC 4314 2.1 and, for "c" and "d", 2.1.1.
std::string parse_rights(Reader& in, std::string_view letters) {
  constexpr std::string_view known = "lrswipkxtea";
  std::string out;
  for (const char letter : letters) {
    const std::string_view meant = letter == 'c'   ? "kx"
                                   : letter == 'd' ? "te"
                                                   : std::string_view(&letter, 1);
    for (const char one : meant) {
      if (!known.contains(one) || letters.size() > rights_max) {
        in.fail("no such right");
        return {};
      }
      if (!out.contains(one)) {
        out += one;
      }
    }
  }
  return out;
}

// RFC 5464 4.1: "/private/comment", "/shared/vendor/x/y", in any case; or what all of them stand
// below, where that is asked for.
std::string entry_name(Reader& in, bool may_be_root) {
  std::string name = to_lower(in.astring("an entry's name"));
  const bool rooted = name.starts_with("/private/") || name.starts_with("/shared/") ||
                      (may_be_root && (name == "/private" || name == "/shared"));
  if (in.ok() && (!rooted || name.ends_with('/') || name.contains("//") || !is_ascii(name) ||
                  name.size() > mailbox_name_octets_max ||
                  name.find_first_of(std::string_view("*%\0\r\n", 5)) != name.npos)) {
    in.fail("an entry's name begins with /private/ or /shared/");
  }
  return name;
}

// A mailbox, or "" for the server.
std::string mailbox_or_server(Reader& in) {
  return in.take_prefix("\"\"") ? std::string() : in.mailbox();
}

void metadata_options(Reader& in, GetMetadataArguments& out) {
  in.expect('(');
  do {
    if (in.take_word("MAXSIZE")) {
      in.space();
      out.max_octets = in.number("a count of octets");
    } else if (in.take_word("DEPTH")) {
      in.space();
      if (in.take_word("infinity")) {
        out.depth = GetMetadataArguments::infinity;
      } else {
        out.depth = in.number("a depth");
        if (out.depth > 1) {
          in.fail("expected a depth of 0, 1 or infinity");
        }
      }
    } else {
      in.fail("no such option");
    }
  } while (in.ok() && in.take(' '));
  in.expect(')');
}

}  // namespace

Arguments parse_id(Reader& in, bool) {
  IdArguments out;
  in.space();
  if (in.take_word("NIL")) {
    return out;
  }
  in.expect('(');
  while (in.ok() && !in.sees(')')) {
    std::string name = to_lower(in.string("a field's name"));
    in.space();
    auto value = in.nstring("a field's value");
    if (name.size() > id_name_octets_max || (value && value->size() > id_value_octets_max) ||
        out.fields.size() == id_fields_max) {
      in.fail("too many fields, or one that is too long");  // RFC 2971 3.3
      break;
    }
    out.fields.emplace_back(std::move(name), std::move(value));
    if (!in.sees(')')) {
      in.space();
    }
  }
  in.expect(')');
  return out;
}

Arguments parse_authenticate(Reader& in, bool) {
  AuthenticateArguments out;
  in.space();
  out.mechanism = to_upper(in.atom("a mechanism"));
  if (in.take(' ')) {
    std::string_view text = in.rest();
    if (text == "=") {  // RFC 4959 3: a response of no octets
      out.initial = "";
      return out;
    }
    out.initial = decode_base64(text);
    if (!out.initial) {
      in.fail("the initial response is not base64");
    }
  }
  return out;
}

Arguments parse_login(Reader& in, bool) {
  LoginArguments out;
  in.space();
  out.user = in.astring("a user name");
  in.space();
  out.password = in.astring("a password");
  return out;
}

Arguments parse_enable(Reader& in, bool) {
  EnableArguments out;
  in.space();
  do {
    out.words.push_back(to_upper(in.atom("a capability")));
    if (out.words.size() > enable_words_max) {
      in.fail("too many capabilities");
    }
  } while (in.ok() && in.take(' ') && !in.at_end());
  return out;
}

Arguments parse_compress(Reader& in, bool) {
  in.space();
  if (!equals_ignoring_case(in.atom("a mechanism"), "DEFLATE")) {
    in.fail("only DEFLATE is known");
  }
  return {};
}

Arguments parse_uid_batches(Reader& in, bool) {
  UidBatchesArguments out;
  in.space();
  out.size = in.nz_number("the size of a batch");
  if (in.take(' ')) {
    out.first = in.nz_number("a batch");
    in.expect(':');
    out.last = in.nz_number("a batch");
    if (in.ok() && out.first > out.last) {
      in.fail("the first batch comes before the last");
    }
  }
  return out;
}

Arguments parse_get_quota(Reader& in, bool) {
  in.space();
  return QuotaArguments{in.astring("a quota root"), {}};
}

Arguments parse_set_quota(Reader& in, bool) {
  QuotaArguments out;
  in.space();
  out.root = in.astring("a quota root");
  in.space();
  in.expect('(');
  while (in.ok() && !in.sees(')')) {
    std::string resource = to_upper(in.atom("a resource"));
    in.space();
    out.limits.emplace_back(std::move(resource), in.number64("a limit"));
    if (out.limits.size() > quota_resources_max) {
      in.fail("too many resources");
    }
    if (!in.sees(')')) {
      in.space();
    }
  }
  in.expect(')');
  return out;
}

Arguments parse_set_acl(Reader& in, bool) {
  AclArguments out;
  in.space();
  out.mailbox = in.mailbox();
  in.space();
  out.identifier = in.astring("an identifier");
  in.space();
  const std::string text = in.astring("rights");
  std::string_view letters = text;
  if (letters.starts_with('+') || letters.starts_with('-')) {
    out.change =
        letters.starts_with('+') ? AclArguments::Change::add : AclArguments::Change::remove;
    letters.remove_prefix(1);
  }
  out.rights = parse_rights(in, letters);
  return out;
}

Arguments parse_acl_of_one(Reader& in, bool) {
  AclArguments out;
  in.space();
  out.mailbox = in.mailbox();
  in.space();
  out.identifier = in.astring("an identifier");
  return out;
}

Arguments parse_acl_of_mailbox(Reader& in, bool) {
  AclArguments out;
  in.space();
  out.mailbox = in.mailbox();
  return out;
}

Arguments parse_get_metadata(Reader& in, bool) {
  GetMetadataArguments out;
  in.space();
  // RFC 5464 4.2: the grammar has the options first, its examples have them after the mailbox.
  if (in.sees('(')) {
    metadata_options(in, out);
    in.space();
  }
  out.mailbox = mailbox_or_server(in);
  in.space();
  // No entry's name begins so.
  if (in.sees_prefix("(MAXSIZE ") || in.sees_prefix("(DEPTH ")) {
    metadata_options(in, out);
    in.space();
  }
  const bool several = in.take('(');
  do {
    out.entries.push_back(entry_name(in, true));
    if (out.entries.size() > metadata_entries_max) {
      in.fail("too many entries", ParseError::Kind::limit);
    }
  } while (several && in.ok() && in.take(' '));
  if (several) {
    in.expect(')');
  }
  return out;
}

Arguments parse_set_metadata(Reader& in, bool) {
  SetMetadataArguments out;
  in.space();
  out.mailbox = mailbox_or_server(in);
  in.space();
  in.expect('(');
  do {
    std::string name = entry_name(in, false);
    in.space();
    out.entries.emplace_back(std::move(name), in.nstring("a value", true));
    if (out.entries.size() > metadata_entries_max) {
      in.fail("too many entries", ParseError::Kind::limit);
    }
  } while (in.ok() && in.take(' '));
  in.expect(')');
  return out;
}

}  // namespace postrider::imap
