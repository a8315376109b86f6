#include <postrider/codec/imap/response.hpp>
#include <postrider/codec/imap/response_code.hpp>

namespace postrider::imap {

std::string number_code(std::string_view name, std::uint64_t number) {
  std::string out(name);
  out += ' ';
  encode_number(number, out);
  return out;
}

std::string append_uid_code(std::uint32_t uid_validity, std::span<const std::uint32_t> uids) {
  std::string out = number_code("APPENDUID", uid_validity) + ' ';
  encode_numbers(uids, out);
  return out;
}

std::string copy_uid_code(std::uint32_t uid_validity, std::span<const std::uint32_t> from,
                          std::span<const std::uint32_t> to) {
  std::string out = number_code("COPYUID", uid_validity) + ' ';
  encode_numbers(from, out);
  out += ' ';
  encode_numbers(to, out);
  return out;
}

std::string modified_code(std::span<const std::uint32_t> numbers) {
  std::string out = "MODIFIED ";
  encode_numbers(numbers, out);
  return out;
}

std::string in_progress_code(std::string_view tag, std::uint64_t done,
                             std::optional<std::uint64_t> goal) {
  std::string out = "INPROGRESS (";
  encode_string(tag, out);
  out += ' ';
  encode_number(done, out);
  out += ' ';
  if (goal) {
    encode_number(*goal, out);
  } else {
    out += "NIL";
  }
  return out + ')';
}

std::string message_limit_code(std::uint32_t limit, std::optional<std::uint32_t> uid) {
  std::string out = number_code("MESSAGELIMIT", limit);
  if (uid) {
    out += ' ';
    encode_number(*uid, out);
  }
  return out;
}

std::string mailbox_id_code(std::string_view id) {
  return "MAILBOXID (" + std::string(id) + ')';
}

}  // namespace postrider::imap
