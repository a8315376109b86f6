#include "index_database.hpp"

#include "index_file.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/core.h>

#include <postrider/base/record_fields.hpp>
#include <postrider/codec/imap/text_words.hpp>
#include <postrider/codec/mime/header.hpp>

namespace postrider::search {
namespace {

void encode_uids(const store::UidSet& set, FieldWriter& out) {
  std::vector<std::pair<store::Uid, store::Uid>> runs;  // first, last
  for (const store::Uid uid : set.members()) {
    if (!runs.empty() && runs.back().second + 1 == uid) {
      runs.back().second = uid;
    } else {
      runs.emplace_back(uid, uid);
    }
  }
  out.number(runs.size());
  store::Uid end = 0;
  for (const auto& [first, last] : runs) {
    out.number(first - end).number(last - first + 1);
    end = last;
  }
}

void decode_uids(FieldReader& in, store::UidSet& set) {
  constexpr std::uint64_t uids_max = 10'000'000;  // a damaged record asks for no more
  const std::uint64_t count = in.number();
  std::uint64_t end = 0;
  for (std::uint64_t i = 0; i < count && in.is_sound(); ++i) {
    const std::uint64_t first = end + in.number32();
    const std::uint64_t length = in.number32();
    end = first + length - 1;
    if (length == 0 || first == 0 || end > UINT32_MAX || set.size() + length > uids_max) {
      throw Damage();
    }
    for (std::uint64_t uid = first; uid <= end; ++uid) {
      set.insert(static_cast<store::Uid>(uid));
    }
  }
}

void add_terms(Xapian::Document& document, char prefix, const imap::WordCounts& counts) {
  std::string term;
  for (const auto& [word, count] : counts) {
    term.assign(1, prefix).append(word);
    document.add_term(term, count);
  }
}

Xapian::Document document_of(const MailText& text, store::MailboxId mailbox) {
  Xapian::Document document;
  document.add_boolean_term(mailbox_term(mailbox));
  imap::WordCounts header;
  if (const auto section = mime::scan_header(text.header)) {
    for (const mime::HeaderField& field : section->fields()) {
      imap::count_words(imap::searchable_field(field), header);
    }
  }
  imap::WordCounts body;
  for (const MailText::Part& part : text.parts) {
    imap::count_words(imap::searchable_text(part.place, part.octets), body);
  }
  add_terms(document, header_prefix, header);
  add_terms(document, body_prefix, body);
  return document;
}

void remove_documents(Xapian::WritableDatabase& database, store::MailboxId id,
                      IndexedMailbox& mailbox, const std::vector<store::Uid>& gone) {
  const bool has_documents =
      std::ranges::any_of(gone, [&mailbox](store::Uid uid) { return mailbox.known.contains(uid); });
  const auto documents =
      has_documents ? documents_of(database, id, mailbox) : std::vector<Xapian::docid>();
  const store::UidSet before = has_documents ? mailbox.known : store::UidSet();
  for (const store::Uid uid : gone) {
    if (mailbox.known.erase(uid)) {
      database.delete_document(documents.at(before.count_below(uid)));
    }
    mailbox.skipped.erase(uid);
  }
}

void apply(Xapian::WritableDatabase& database, const IndexChange& change) {
  const std::string key = mailbox_key(change.mailbox);
  const std::string record = database.get_metadata(key);
  IndexedMailbox mailbox;
  if (!record.empty()) {
    mailbox = decode_mailbox(record);
    (void)documents_of(database, change.mailbox, mailbox);  // throws where they don't agree
  }
  if (mailbox.uid_validity != change.uid_validity) {
    remove_documents(database, change.mailbox, mailbox, mailbox.known.members());
    mailbox = {.uid_validity = change.uid_validity, .known = {}, .skipped = {}};
  }
  remove_documents(database, change.mailbox, mailbox, change.gone);
  for (const MailText& text : change.come) {
    if (text.is_skipped || text.uid <= mailbox.known.last().value_or(0)) {
      mailbox.skipped.insert(text.uid);
    } else {
      database.add_document(document_of(text, change.mailbox));
      mailbox.known.insert(text.uid);
    }
  }
  const bool is_gone = change.uid_validity == 0;
  database.set_metadata(key, is_gone ? std::string() : encode_mailbox(mailbox));
}

}  // namespace

std::string mailbox_key(store::MailboxId mailbox) {
  return fmt::format("m{:08x}", static_cast<std::uint32_t>(mailbox));
}

std::string mailbox_term(store::MailboxId mailbox) {
  return fmt::format("M{:08x}", static_cast<std::uint32_t>(mailbox));
}

void check_format(const Xapian::Database& database) {
  if (database.get_metadata(std::string(format_key)) != format_now) {
    throw Damage();
  }
}

std::string encode_mailbox(const IndexedMailbox& mailbox) {
  FieldWriter out;
  out.number(mailbox.uid_validity);
  encode_uids(mailbox.known, out);
  encode_uids(mailbox.skipped, out);
  return out.take();
}

IndexedMailbox decode_mailbox(std::string_view record) {
  FieldReader in(record);
  IndexedMailbox out;
  out.uid_validity = in.number32();
  decode_uids(in, out.known);
  decode_uids(in, out.skipped);
  if (!in.is_sound()) {
    throw Damage();
  }
  return out;
}

std::vector<Xapian::docid> documents_of(const Xapian::Database& database, store::MailboxId id,
                                        const IndexedMailbox& mailbox) {
  const std::string term = mailbox_term(id);
  std::vector<Xapian::docid> out;
  out.reserve(mailbox.known.size());
  for (auto at = database.postlist_begin(term); at != database.postlist_end(term); ++at) {
    out.push_back(*at);
  }
  if (out.size() != mailbox.known.size()) {
    throw Damage();
  }
  return out;
}

bool has_index_files(const std::string& directory) {
  std::error_code error;
  return std::filesystem::exists(directory, error);
}

IndexResult<IndexContents> read_index(const std::string& directory) {
  return guarded<IndexContents>(directory, [&directory]() -> IndexResult<IndexContents> {
    const Xapian::Database database(directory);
    check_format(database);
    IndexContents out;
    out.account = database.get_metadata(std::string(account_key));
    for (auto key = database.metadata_keys_begin("m"); key != database.metadata_keys_end("m");
         ++key) {
      const std::string name = *key;
      constexpr int hex = 16;
      const auto number = static_cast<std::uint32_t>(std::strtoul(name.c_str() + 1, nullptr, hex));
      out.mailboxes.emplace(store::MailboxId{number}, decode_mailbox(database.get_metadata(name)));
    }
    return out;
  });
}

IndexResult<void> change_index(const std::string& directory, IndexChange change) {
  return guarded<void>(directory, [&directory, &change]() -> IndexResult<void> {
    Xapian::WritableDatabase database(directory,
                                      Xapian::DB_CREATE_OR_OPEN | Xapian::DB_BACKEND_GLASS);
    const bool is_new =
        database.get_doccount() == 0 && database.get_metadata(std::string(format_key)).empty();
    if (is_new) {
      database.set_metadata(std::string(format_key), std::string(format_now));
    } else {
      check_format(database);
    }
    if (!change.account.empty()) {
      database.set_metadata(std::string(account_key), change.account);
    }
    apply(database, change);
    database.commit();
    return {};
  });
}

void remove_index(const std::string& directory) {
  std::error_code error;  // what can't be removed is tried again
  std::filesystem::remove_all(directory, error);
}

std::uint64_t index_bytes(const std::string& directory) {
  std::error_code error;
  std::uint64_t sum = 0;
  for (std::filesystem::directory_iterator at(directory, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code gone;
    const std::uint64_t size = at->file_size(gone);
    sum += gone ? 0 : size;
  }
  return sum;
}

}  // namespace postrider::search
