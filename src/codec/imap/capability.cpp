#include <algorithm>
#include <array>

#include <postrider/base/text.hpp>
#include <postrider/codec/imap/capability.hpp>

namespace postrider::imap {
namespace {

enum class When : std::uint8_t {
  always,
  logged_in,
};

struct Row {
  Capability capability;
  std::string_view words;
  When when;
};

constexpr std::array rows = {
    Row{Capability::imap4rev2, "IMAP4rev2", When::always},
    Row{Capability::imap4rev1, "IMAP4rev1", When::always},
    Row{Capability::literal_plus, "LITERAL+", When::always},
    Row{Capability::literal_minus, "LITERAL-", When::always},
    Row{Capability::sasl_ir, "SASL-IR", When::always},
    Row{Capability::id, "ID", When::always},
    Row{Capability::enable, "ENABLE", When::always},
    // Some phones look for it before login and never again.
    Row{Capability::idle, "IDLE", When::always},
    Row{Capability::name_space, "NAMESPACE", When::logged_in},
    Row{Capability::children, "CHILDREN", When::logged_in},
    Row{Capability::unselect, "UNSELECT", When::logged_in},
    Row{Capability::uidplus, "UIDPLUS", When::logged_in},
    Row{Capability::move, "MOVE", When::logged_in},
    Row{Capability::special_use, "SPECIAL-USE", When::logged_in},
    Row{Capability::create_special_use, "CREATE-SPECIAL-USE", When::logged_in},
    Row{Capability::list_extended, "LIST-EXTENDED", When::logged_in},
    Row{Capability::list_status, "LIST-STATUS", When::logged_in},
    Row{Capability::list_myrights, "LIST-MYRIGHTS", When::logged_in},
    Row{Capability::status_size, "STATUS=SIZE", When::logged_in},
    Row{Capability::status_deleted, "STATUS=DELETED", When::logged_in},
    Row{Capability::condstore, "CONDSTORE", When::logged_in},
    Row{Capability::qresync, "QRESYNC", When::logged_in},
    Row{Capability::esearch, "ESEARCH", When::logged_in},
    Row{Capability::searchres, "SEARCHRES", When::logged_in},
    Row{Capability::search_fuzzy, "SEARCH=FUZZY", When::logged_in},
    Row{Capability::sort, "SORT", When::logged_in},
    Row{Capability::sort_display, "SORT=DISPLAY", When::logged_in},
    Row{Capability::esort, "ESORT", When::logged_in},
    Row{Capability::thread, "THREAD=REFERENCES THREAD=ORDEREDSUBJECT", When::logged_in},
    Row{Capability::within, "WITHIN", When::logged_in},
    Row{Capability::multisearch, "MULTISEARCH", When::logged_in},
    Row{Capability::partial, "PARTIAL", When::logged_in},
    Row{Capability::i18n_level, "I18NLEVEL=1", When::logged_in},
    Row{Capability::binary, "BINARY", When::logged_in},
    Row{Capability::multiappend, "MULTIAPPEND", When::logged_in},
    Row{Capability::replace, "REPLACE", When::logged_in},
    Row{Capability::append_limit, "APPENDLIMIT", When::logged_in},
    Row{Capability::compress, "COMPRESS=DEFLATE", When::logged_in},
    Row{Capability::quota, "QUOTA QUOTA=RES-STORAGE QUOTA=RES-MESSAGE", When::logged_in},
    Row{Capability::acl, "ACL RIGHTS=texk", When::logged_in},
    Row{Capability::metadata, "METADATA", When::logged_in},
    Row{Capability::notify, "NOTIFY", When::logged_in},
    Row{Capability::object_id, "OBJECTID", When::logged_in},
    Row{Capability::save_date, "SAVEDATE", When::logged_in},
    Row{Capability::preview, "PREVIEW", When::logged_in},
    Row{Capability::utf8_accept, "UTF8=ACCEPT", When::logged_in},
    Row{Capability::in_progress, "INPROGRESS", When::logged_in},
    Row{Capability::uid_batches, "UIDBATCHES", When::logged_in},
    Row{Capability::message_limit, "MESSAGELIMIT", When::logged_in},
    Row{Capability::unauthenticate, "UNAUTHENTICATE", When::logged_in},
};

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (static_cast<std::size_t>(rows[i].capability) != i) {
      return false;
    }
  }
  return rows.size() == capability_count;
}
static_assert(is_in_order());

}  // namespace

std::string_view name_of(Capability capability) {
  const std::string_view words = rows[static_cast<std::size_t>(capability)].words;
  return words.substr(0, words.find(' '));
}

std::optional<Capability> parse_capability(std::string_view word) {
  const auto row = std::ranges::find_if(rows, [word](const Row& candidate) {
    const auto words = split(candidate.words, ' ');
    return std::ranges::any_of(words, [word](std::string_view one) {
      return equals_ignoring_case(one, word) ||
             (one.starts_with("THREAD=") && equals_ignoring_case(word, "THREAD"));
    });
  });
  return row == rows.end() ? std::nullopt : std::optional(row->capability);
}

std::string encode_capabilities(CapabilitySet set, const CapabilityContext& context) {
  std::string out;
  for (const Row& row : rows) {
    // RFC 7888 6: never both.
    const bool shadowed =
        row.capability == Capability::literal_minus && set.has(Capability::literal_plus);
    const bool limitless =
        row.capability == Capability::message_limit && context.message_limit == 0;
    if (!set.has(row.capability) || shadowed || limitless ||
        (row.when == When::logged_in && !context.logged_in)) {
      continue;
    }
    out += out.empty() ? "" : " ";
    out += row.words;
    if (row.capability == Capability::append_limit) {
      out += '=' + std::to_string(context.append_limit);
    } else if (row.capability == Capability::message_limit) {
      out += '=' + std::to_string(context.message_limit);
    }
  }
  out += context.starttls ? " STARTTLS" : "";
  out += context.login_disabled ? " LOGINDISABLED" : "";
  out += context.mechanisms;
  return out;
}

}  // namespace postrider::imap
