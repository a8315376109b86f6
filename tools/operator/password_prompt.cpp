#include "password_prompt.hpp"

#include <fcntl.h>
#include <iostream>
#include <stdexcept>
#include <termios.h>
#include <unistd.h>

namespace postrider::tools {

namespace {

class SilentTerminal {
 public:
  SilentTerminal() : fd_(::open("/dev/tty", O_RDWR | O_CLOEXEC)) {
    if (fd_ < 0 || ::tcgetattr(fd_, &before_) != 0) {
      throw std::runtime_error("no terminal to ask for the password: use --password-stdin");
    }
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(fd_, TCSAFLUSH, &silent);
  }
  SilentTerminal(const SilentTerminal&) = delete;
  SilentTerminal& operator=(const SilentTerminal&) = delete;
  ~SilentTerminal() {
    ::tcsetattr(fd_, TCSAFLUSH, &before_);
    ::close(fd_);
  }

  std::string ask(std::string_view question) const {
    say(question);
    std::string line;
    char c = 0;
    while (::read(fd_, &c, 1) == 1 && c != '\n') {
      line += c;
    }
    say("\n");
    return line;
  }

 private:
  void say(std::string_view text) const {
    if (::write(fd_, text.data(), text.size()) < 0) {
      throw std::runtime_error("the terminal can't be written to: use --password-stdin");
    }
  }
  int fd_;
  termios before_{};
};

}  // namespace

std::string read_password_line() {
  std::string line;
  if (!std::getline(std::cin, line) || line.empty()) {
    throw std::runtime_error("no password on standard input: give it as the first line");
  }
  if (line.ends_with('\r')) {
    line.pop_back();
  }
  return line;
}

std::string prompt_password() {
  const SilentTerminal terminal;
  auto password = terminal.ask("Password: ");
  if (terminal.ask("Again: ") != password) {
    throw std::runtime_error("the two passwords differ: nothing was changed");
  }
  return password;
}

}  // namespace postrider::tools
