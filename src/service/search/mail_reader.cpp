#include "mail_reader.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <postrider/flow/rendered_mail.hpp>

namespace postrider::search {
namespace {

using store::MailError;
using store::MailResult;

constexpr std::size_t bodies_slice = 50;  // of which the beginnings are read at once
constexpr std::uint64_t ahead_octets_max = 64 * 1024;

struct Span {
  std::uint64_t begin = 0;  // of the body
  std::uint64_t end = 0;
};

class OneMail {
 public:
  // `row` and what `detail` shows outlive it.
  OneMail(store::MailboxStore& store, const store::MailRow& row,
          const store::MailDetails::Row& detail)
      : store_(store), row_(row), detail_(detail) {}

  [[nodiscard]] const store::MailFacts& facts() const { return row_.facts; }
  [[nodiscard]] store::Uid uid() const { return row_.uid; }
  [[nodiscard]] bool is_small() const {
    return row_.facts.body_bytes > 0 && row_.facts.body_bytes <= ahead_octets_max;
  }
  void set_first_frame(SharedOctets frame) { first_frame_ = std::move(frame); }

  engine::Task<MailResult<MailText>> read(std::uint64_t text_octets_max) {
    MailText out{.uid = row_.uid, .header = {}, .parts = {}};
    const auto structure = co_await this->structure();
    if (!structure) {
      co_return failure(structure.error());
    }
    std::vector<imap::SearchablePart> parts = imap::searchable_parts(*structure);
    const std::uint64_t header_octets =
        detail_.trace.size() + structure->entities.front().body_begin;
    std::uint64_t octets = header_octets;
    for (const imap::SearchablePart& part : parts) {
      octets += part.end - part.begin;
    }
    if (octets > text_octets_max || header_octets > imap::searchable_header_octets_max) {
      out.is_skipped = true;
      co_return out;
    }
    auto header = co_await read_span({0, structure->entities.front().body_begin});
    if (!header) {
      co_return failure(header.error());
    }
    out.header = std::string(detail_.trace) + *header;
    for (imap::SearchablePart& part : parts) {
      auto read = co_await read_span({part.begin, part.end});
      if (!read) {
        co_return failure(read.error());
      }
      out.parts.push_back({std::move(part), *std::move(read)});
    }
    co_return out;
  }

 private:
  engine::Task<MailResult<mime::Structure>> structure() {
    if (auto rendered = flow::decode_rendered(detail_.rendered)) {
      co_return std::move(rendered->structure);
    }
    flow::MailRenderer renderer;
    for (std::uint64_t at = 0; at < row_.facts.body_bytes;) {
      const auto piece = co_await read_some({at, row_.facts.body_bytes});
      if (!piece) {
        co_return failure(piece.error());
      }
      renderer.feed(piece->view());
      at += piece->view().size();
    }
    co_return renderer.finish().structure;
  }

  engine::Task<MailResult<SharedOctets>> read_some(Span span) {
    if (span.begin < first_frame_.view().size()) {
      co_return first_frame_.part(span.begin, span.end - span.begin);
    }
    auto piece = co_await store_.read_body(row_.facts.blob, span.begin);
    if (piece && piece->view().empty()) {
      co_return failure(MailError::corrupt);  // shorter than its record says
    }
    co_return piece;
  }

  engine::Task<MailResult<std::string>> read_span(Span span) {
    span.end = std::min(span.end, row_.facts.body_bytes);
    std::string out;
    while (span.begin < span.end) {
      const auto piece = co_await read_some(span);
      if (!piece) {
        co_return failure(piece.error());
      }
      const std::string_view octets = piece->view().substr(0, span.end - span.begin);
      out += octets;
      span.begin += octets.size();
    }
    co_return out;
  }

  store::MailboxStore& store_;
  const store::MailRow& row_;
  store::MailDetails::Row detail_;
  SharedOctets first_frame_;
};

MailText skipped(store::Uid uid) {
  return {.uid = uid, .is_skipped = true, .header = {}, .parts = {}};
}

// nullopt: it has gone.
engine::Task<MailResult<std::optional<MailText>>> read_one(OneMail& mail, store::Uid uid,
                                                           std::uint64_t text_octets_max) {
  auto text = co_await mail.read(text_octets_max);
  if (text) {
    co_return std::optional(*std::move(text));
  }
  if (text.error() == MailError::not_found) {
    co_return std::nullopt;
  }
  if (text.error() == MailError::corrupt) {
    co_return skipped(uid);
  }
  co_return failure(text.error());
}

engine::Task<void> read_ahead(store::MailboxStore& store, std::vector<OneMail>& mails) {
  std::vector<store::BlobId> blobs;
  std::vector<OneMail*> whose;
  for (OneMail& mail : mails) {
    if (mail.is_small()) {
      blobs.push_back(mail.facts().blob);
      whose.push_back(&mail);
    }
  }
  auto frames = co_await store.read_bodies(std::move(blobs));
  for (std::size_t i = 0; i < frames.size(); ++i) {
    whose[i]->set_first_frame(std::move(frames[i]));
  }
}

std::uint64_t octets_of(const MailText& text) {
  std::uint64_t sum = text.header.size();
  for (const MailText::Part& part : text.parts) {
    sum += part.octets.size();
  }
  return sum;
}

// One by one, where one of them can't be read.
engine::Task<MailResult<store::MailDetails>> read_each_detail(
    store::MailboxStore& store, store::MailAccountId account, store::MailboxId mailbox,
    const std::vector<store::MailRow>& rows, std::vector<MailText>& out) {
  std::string octets;
  std::vector<std::pair<store::Uid, std::pair<std::size_t, std::size_t>>> sizes;
  for (const store::MailRow& row : rows) {
    auto detail = co_await store.detail(account, mailbox, row.uid);
    if (detail) {
      octets.append(detail->trace).append(detail->rendered);
      sizes.push_back({row.uid, {detail->trace.size(), detail->rendered.size()}});
    } else if (detail.error() == MailError::corrupt) {
      out.push_back(skipped(row.uid));
    } else if (detail.error() != MailError::not_found) {
      co_return failure(detail.error());
    }
  }
  store::MailDetails details{.octets = SharedOctets(std::move(octets)), .rows = {}};
  std::string_view rest = details.octets.view();
  for (const auto& [uid, size] : sizes) {
    details.rows.push_back({uid, rest.substr(0, size.first), rest.substr(size.first, size.second)});
    rest.remove_prefix(size.first + size.second);
  }
  co_return details;
}

struct Slice {
  std::vector<store::Uid> uids;
  std::uint64_t octets_max = 0;
};
// Of some messages at once. Out: the last UID that was looked at.
engine::Task<MailResult<store::Uid>> read_slice(store::MailboxStore& store,
                                                store::MailAccountId account,
                                                store::MailboxId mailbox, Slice slice,
                                                std::uint64_t text_octets_max,
                                                std::vector<MailText>& out) {
  const store::Uid last = slice.uids.back();
  const auto rows = co_await store.facts(account, mailbox, slice.uids);
  if (!rows) {
    co_return failure(rows.error());
  }
  auto details = co_await store.details(account, mailbox, std::move(slice.uids),
                                        store::MailDetails::Part::all);
  if (!details) {
    details = co_await read_each_detail(store, account, mailbox, *rows, out);
  }
  if (!details) {
    co_return failure(details.error());
  }
  std::vector<OneMail> mails;
  mails.reserve(details->rows.size());
  auto row = rows->begin();
  for (const store::MailDetails::Row& detail : details->rows) {
    row = std::ranges::find(row, rows->end(), detail.uid, &store::MailRow::uid);
    if (row == rows->end()) {
      break;
    }
    mails.emplace_back(store, *row, detail);
  }
  co_await read_ahead(store, mails);
  std::uint64_t octets = 0;
  for (OneMail& mail : mails) {
    auto text = co_await read_one(mail, mail.uid(), text_octets_max);
    if (!text) {
      co_return failure(text.error());
    }
    if (*text) {
      octets += octets_of(**text);
      out.push_back(**std::move(text));
    }
    if (octets >= slice.octets_max) {
      co_return mail.uid();
    }
  }
  co_return last;
}

}  // namespace

engine::Task<MailResult<ReadBatch>> read_texts(store::MailboxStore& store,
                                               store::MailAccountId account,
                                               store::MailboxId mailbox,
                                               std::vector<store::Uid> uids, ReadLimits limits) {
  ReadBatch out;
  const std::size_t count = std::min(uids.size(), limits.messages);
  std::uint64_t octets = 0;
  while (out.looked_at < count && octets < limits.octets) {
    const std::size_t end = std::min(count, out.looked_at + bodies_slice);
    const std::size_t before = out.texts.size();
    const auto last =
        co_await read_slice(store, account, mailbox,
                            {.uids = {uids.begin() + static_cast<std::ptrdiff_t>(out.looked_at),
                                      uids.begin() + static_cast<std::ptrdiff_t>(end)},
                             .octets_max = limits.octets - octets},
                            limits.text_octets, out.texts);
    if (!last) {
      co_return failure(last.error());
    }
    for (std::size_t i = before; i < out.texts.size(); ++i) {
      octets += octets_of(out.texts[i]);
    }
    while (out.looked_at < end && uids[out.looked_at] <= *last) {
      ++out.looked_at;
    }
  }
  std::ranges::sort(out.texts, {}, &MailText::uid);
  co_return out;
}

}  // namespace postrider::search
