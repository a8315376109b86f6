#include <algorithm>
#include <array>
#include <chrono>
#include <fmt/core.h>
#include <string_view>

#include <postrider/base/text.hpp>
#include <postrider/codec/mime/address.hpp>
#include <postrider/codec/mime/encoded_word.hpp>
#include <postrider/codec/mime/header_writer.hpp>
#include <postrider/codec/mime/transfer_encoding.hpp>
#include <postrider/codec/report/held_digest.hpp>

namespace postrider::report {

namespace {

// Programs make links of these, and what is held back is where nobody should click.
constexpr std::array<std::string_view, 2> link_marks{"://", "www."};

std::string without_links(std::string text) {
  for (const std::string_view mark : link_marks) {
    for (std::size_t at = 0; at + mark.size() <= text.size(); ++at) {
      if (equals_ignoring_case(std::string_view(text).substr(at, mark.size()), mark)) {
        text.insert(at + (mark == "://" ? 1 : 3), " ");
        at += mark.size();
      }
    }
  }
  return text;
}

std::string shown(std::string_view text) {
  return without_links(quoted_for_log(mime::decode_words(text), held_text_octets_max));
}

std::string human_size(std::uint64_t octets) {
  constexpr std::uint64_t kib = 1024;
  if (octets < kib) {
    return fmt::format("{} octets", octets);
  }
  return octets < kib * kib ? fmt::format("{} KiB", (octets + kib / 2) / kib)
                            : fmt::format("{:.1f} MiB", static_cast<double>(octets) / (kib * kib));
}

std::string counted(std::uint64_t count) {
  return count == 1 ? "1 message" : fmt::format("{} messages", count);
}

// As an argument of a shell.
std::string login_of(const std::string& name) {
  const auto is_plain = [](char c) {
    return is_ascii_alpha(c) || is_ascii_digit(c) || std::string_view("@.-_+").contains(c);
  };
  return std::ranges::all_of(name, is_plain) ? name : "YOUR-ADDRESS";
}

void write_mail(const HeldMail& mail, std::size_t number, std::string& out) {
  const std::string subject = shown(mail.subject);
  out += fmt::format("{}. {}\r\n", number, subject.empty() ? "(no subject)" : subject);
  out += fmt::format("   From:      {}\r\n", shown(mail.header_from));
  out += fmt::format("   Sender:    <{}>\r\n", shown(mail.sender));
  out += fmt::format("   Received:  {}\r\n", encode_rfc5322_date(mail.received));
  out += fmt::format("   Size:      {}\r\n", human_size(mail.size_octets));
  out += fmt::format("   Held by:   {}{}\r\n", shown(mail.reason),
                     mail.may_release ? "" : " (only the postmaster can release it)");
  out += fmt::format("   Id:        {}\r\n\r\n", mail.id);
}

std::string how_to(const HeldDigest& digest) {
  if (digest.url.empty()) {
    return fmt::format("To see or have one, write to {} and name its id.\r\n", digest.postmaster);
  }
  const std::string curl = "  curl -u " + login_of(digest.to);
  constexpr std::string_view post = " -H 'Content-Type: application/json' -d '{}' ";
  std::string out = "With your password, or an app password for http, all of it is listed at\r\n";
  out += fmt::format("  {}\r\n", digest.url);
  out += "and one, ID, is shown, released and deleted by\r\n";
  out += fmt::format("{} {}/ID/message\r\n", curl, digest.url);
  out += fmt::format("{}{}{}/ID/release\r\n", curl, post, digest.url);
  out += fmt::format("{}{}{}/ID/delete\r\n", curl, post, digest.url);
  return out + fmt::format("Or write to {} and name the id.\r\n", digest.postmaster);
}

std::string words_of(const HeldDigest& digest) {
  const std::uint64_t all = digest.mails.size() + digest.left_out;
  std::string out = fmt::format(
      "{} for {} {} held back by {} since you were last told.\r\n"
      "If you expect none of it, there is nothing to be done.\r\n\r\n",
      counted(all), shown(digest.to), all == 1 ? "was" : "were", digest.hostname);
  for (std::size_t i = 0; i < digest.mails.size(); ++i) {
    write_mail(digest.mails[i], i + 1, out);
  }
  if (digest.left_out > 0) {
    out += fmt::format("And {} more.\r\n\r\n", digest.left_out);
  }
  out += how_to(digest);
  const auto days = std::chrono::duration_cast<std::chrono::days>(digest.kept).count();
  if (days > 0) {
    out += fmt::format("What nobody releases is deleted after {} day{}.\r\n", days,
                       days == 1 ? "" : "s");
  }
  return out;
}

std::string mailbox_text(const std::string& address) {
  const auto mailbox = mime::parse_mailbox("<" + address + ">");
  return mailbox ? mailbox->addr_spec() : address;
}

}  // namespace

std::string encode_held_digest(const HeldDigest& digest) {
  std::string out;
  // An address may have more than ASCII in it, and there is no other way to write it.
  mime::HeaderWriter writer(out, true);
  const std::uint64_t all = digest.mails.size() + digest.left_out;
  writer.date("Date", digest.date);
  writer.structured("From", mailbox_text(digest.from));
  writer.structured("To", mailbox_text(digest.to));
  writer.unstructured("Subject", fmt::format("{} held back for you", counted(all)));
  writer.structured("Message-ID", "<" + digest.message_id + ">");
  writer.structured("Auto-Submitted", "auto-generated");
  writer.structured("MIME-Version", "1.0");
  writer.structured("Content-Type", "text/plain; charset=utf-8");
  writer.structured("Content-Transfer-Encoding", "quoted-printable");
  return out + "\r\n" + mime::encode_quoted_printable(words_of(digest));
}

}  // namespace postrider::report
