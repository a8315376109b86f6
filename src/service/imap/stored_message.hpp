#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <postrider/codec/imap/searchable_text.hpp>
#include <postrider/codec/imap/section.hpp>
#include <postrider/codec/imap/summary.hpp>
#include <postrider/flow/rendered_mail.hpp>
#include <postrider/store/mailbox_store.hpp>

namespace postrider::imap {

// Octets of a message, counted from the first of its trace.
struct OctetSpan {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  [[nodiscard]] std::uint64_t octets() const { return end - begin; }
};

// One message as it is kept. What of it is asked for is read then, and once: what was rendered at
// delivery answers all but bodies and rare header fields.
class StoredMessage {
 public:
  // What is read into memory of a header section, or of one field's worth of it.
  static constexpr std::uint64_t header_octets_max = searchable_header_octets_max;

  // `store` outlives it.
  StoredMessage(store::MailboxStore& store, store::MailAccountId account, store::MailboxId mailbox,
                store::MailRow row)
      : store_(store), account_(account), mailbox_(mailbox), row_(std::move(row)) {}

  [[nodiscard]] store::Uid uid() const { return row_.uid; }
  [[nodiscard]] store::MailFacts& facts() { return row_.facts; }
  [[nodiscard]] const store::MailFacts& facts() const { return row_.facts; }

  // What was read of it with others (read_ahead.hpp).
  void set_detail(const store::MailDetails& details, const store::MailDetails::Row& row,
                  store::MailDetails::Part part) {
    detail_octets_ = details.octets;
    trace_ = row.trace;
    rendered_ = row.rendered;
    detail_ = part;
  }
  void set_body(SharedOctets first_frame) { first_frame_ = std::move(first_frame); }

  // Its trace, and the fields that listings need. Views are valid until this is moved.
  [[nodiscard]] engine::Task<store::MailResult<flow::ListingView>> listing();
  // What it is listed, sorted and threaded by.
  [[nodiscard]] engine::Task<store::MailResult<SummaryView>> summary();
  [[nodiscard]] engine::Task<store::MailResult<const mime::Structure*>> structure();

  // The same and more, if it was read with others and nothing has to be made. Views and pointers
  // are valid until this is moved.
  [[nodiscard]] std::optional<SummaryView> kept_summary() const;
  [[nodiscard]] std::optional<std::string_view> kept_envelope() const;
  [[nodiscard]] const mime::Structure* kept_structure();
  [[nodiscard]] std::optional<std::string> kept_header_with(
      const std::vector<std::string>& names) const;
  struct Octets {
    std::string_view trace;
    std::string_view body;
  };
  [[nodiscard]] std::optional<Octets> kept_octets() const;

  // What stands in front of the body; trace() after it.
  [[nodiscard]] engine::Task<store::MailResult<void>> load_trace() {
    return load_detail(store::MailDetails::Part::trace);
  }
  [[nodiscard]] std::string_view trace() const { return trace_; }

  // The header section with its blank line, as far as header_octets_max.
  [[nodiscard]] engine::Task<store::MailResult<std::string>> header();
  // A header that has all of these fields, if it has them at all.
  [[nodiscard]] engine::Task<store::MailResult<std::string>> header_with(
      const std::vector<std::string>& names, bool negate);

  // nullopt: there is no such part.
  [[nodiscard]] engine::Task<store::MailResult<std::optional<OctetSpan>>> place_of(
      const Section& section);
  // Some octets from `begin` on, at least one, none of them past the span.
  [[nodiscard]] engine::Task<store::MailResult<SharedOctets>> read_some(OctetSpan span);
  [[nodiscard]] engine::Task<store::MailResult<std::string>> read(OctetSpan span);

 private:
  [[nodiscard]] engine::Task<store::MailResult<void>> load_detail(store::MailDetails::Part part);
  [[nodiscard]] bool has_detail(store::MailDetails::Part part) const {
    return detail_ && (*detail_ == store::MailDetails::Part::all || *detail_ == part);
  }
  [[nodiscard]] engine::Task<store::MailResult<void>> render_anew();

  store::MailboxStore& store_;
  store::MailAccountId account_;
  store::MailboxId mailbox_;
  store::MailRow row_;
  std::optional<store::MailDetails::Part> detail_;  // what was read of it
  SharedOctets detail_octets_;                      // of others, too
  std::string_view trace_;
  std::string_view rendered_;
  SharedOctets first_frame_;
  std::string rendered_anew_;  // in place of the detail's
  std::string summary_;        // made anew
  std::optional<mime::Structure> structure_;
};

}  // namespace postrider::imap
