// An mbox, well-formed or not: read to its end in both forms, and what comes out of it is mail that
// can be handed in.
#include "mbox_source.hpp"

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

#include <postrider/base/assert.hpp>

using namespace postrider;  // NOLINT: a fuzz target

namespace {

// Lines of mail end in CRLF, and so does the mail.
void check_lines(const std::string& octets) {
  for (std::size_t at = octets.find('\n'); at != octets.npos; at = octets.find('\n', at + 1)) {
    check(at > 0 && octets[at - 1] == '\r', "a line that ends in LF alone");
  }
  check(octets.empty() || octets.ends_with("\r\n"), "a last line without an end");
}

void read_all(const std::string& path, tools::MboxForm form, std::size_t size) {
  const auto source = tools::open_mbox(path, form);
  check(source->next_folder()->name == "INBOX", "another folder than INBOX");
  std::size_t octets = 0;
  while (const auto mail = source->next_mail()) {
    check(mail->problem.empty(), "a problem, and the file is small");
    check_lines(mail->octets);
    octets += mail->octets.size();
  }
  check(octets <= 2 * size + 2, "more came out than a CR a line");
  check(!source->next_folder(), "a second folder");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int file = ::memfd_create("mbox", 0);
  const std::string path = "/proc/self/fd/" + std::to_string(file);
  if (::ftruncate(file, 0) != 0 || ::pwrite(file, data, size, 0) != static_cast<ssize_t>(size)) {
    return 0;
  }
  for (const auto form : {tools::MboxForm::mboxrd, tools::MboxForm::mboxo}) {
    try {
      read_all(path, form, size);
    } catch (const std::runtime_error&) {  // no mbox: told at the first line
    }
  }
  return 0;
}
